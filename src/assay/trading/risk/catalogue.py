"""Every risk rule, in order of its code. Made by tools/generate_risk_catalogue.py."""

from __future__ import annotations

from assay.kernel.compiling import compiled
from assay.trading.risk.rules import (
    daily_loss,
    drawdown,
    exposure,
    halt,
    margin,
    position_size,
    session,
    spread,
    stale_data,
    trade_mode,
    unknown_price,
    volume,
)
from assay.trading.risk.verdict import DENIED, note

RULES = (
    halt,
    trade_mode,
    unknown_price,
    stale_data,
    session,
    volume,
    spread,
    position_size,
    exposure,
    margin,
    daily_loss,
    drawdown,
)
REASONS: dict[int, str] = {rule.CODE: rule.REASON for rule in RULES}
CODES = (100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111)
halt_check = halt.check
trade_mode_check = trade_mode.check
unknown_price_check = unknown_price.check
stale_data_check = stale_data.check
session_check = session.check
volume_check = volume.check
spread_check = spread.check
position_size_check = position_size.check
exposure_check = exposure.check
margin_check = margin.check
daily_loss_check = daily_loss.check
drawdown_check = drawdown.check


@compiled
def examine(checks, order, account, position, terms):  # type: ignore[no-untyped-def]
    """Ask every rule; return the code of the first that denies the order, 0 when all allow it.

    checks [rules] take each rule's answer, in the order of RULES; terms are the records of
    (market, instrument, limits).
    """
    market, instrument, limits = terms
    answer = halt_check(order, account, position, market, instrument, limits)
    note(checks[0], answer)
    answer = trade_mode_check(order, account, position, market, instrument, limits)
    note(checks[1], answer)
    answer = unknown_price_check(order, account, position, market, instrument, limits)
    note(checks[2], answer)
    answer = stale_data_check(order, account, position, market, instrument, limits)
    note(checks[3], answer)
    answer = session_check(order, account, position, market, instrument, limits)
    note(checks[4], answer)
    answer = volume_check(order, account, position, market, instrument, limits)
    note(checks[5], answer)
    answer = spread_check(order, account, position, market, instrument, limits)
    note(checks[6], answer)
    answer = position_size_check(order, account, position, market, instrument, limits)
    note(checks[7], answer)
    answer = exposure_check(order, account, position, market, instrument, limits)
    note(checks[8], answer)
    answer = margin_check(order, account, position, market, instrument, limits)
    note(checks[9], answer)
    answer = daily_loss_check(order, account, position, market, instrument, limits)
    note(checks[10], answer)
    answer = drawdown_check(order, account, position, market, instrument, limits)
    note(checks[11], answer)
    for place in range(len(CODES)):
        if checks[place].verdict == DENIED:
            return CODES[place]
    return 0

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
halt_allows = halt.allows
trade_mode_allows = trade_mode.allows
unknown_price_allows = unknown_price.allows
stale_data_allows = stale_data.allows
session_allows = session.allows
volume_allows = volume.allows
spread_allows = spread.allows
position_size_allows = position_size.allows
exposure_allows = exposure.allows
margin_allows = margin.allows
daily_loss_allows = daily_loss.allows
drawdown_allows = drawdown.allows


@compiled
def first_breach(  # type: ignore[no-untyped-def]
    order, account, position, market, instrument, limits
):
    """Return the code of the first rule that denies the order, 0 when all allow it."""
    if not halt_allows(order, account, position, market, instrument, limits):
        return 100
    if not trade_mode_allows(order, account, position, market, instrument, limits):
        return 101
    if not unknown_price_allows(order, account, position, market, instrument, limits):
        return 102
    if not stale_data_allows(order, account, position, market, instrument, limits):
        return 103
    if not session_allows(order, account, position, market, instrument, limits):
        return 104
    if not volume_allows(order, account, position, market, instrument, limits):
        return 105
    if not spread_allows(order, account, position, market, instrument, limits):
        return 106
    if not position_size_allows(order, account, position, market, instrument, limits):
        return 107
    if not exposure_allows(order, account, position, market, instrument, limits):
        return 108
    if not margin_allows(order, account, position, market, instrument, limits):
        return 109
    if not daily_loss_allows(order, account, position, market, instrument, limits):
        return 110
    if not drawdown_allows(order, account, position, market, instrument, limits):
        return 111
    return 0

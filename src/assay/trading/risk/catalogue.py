"""Every risk rule, in order of its code. Made by tools/generate_risk_catalogue.py."""

from __future__ import annotations

from assay.kernel.compiling import compiled
from assay.trading.risk.rules import (
    cluster_exposure,
    correlation,
    currency_exposure,
    daily_loss,
    daily_risk,
    drawdown,
    duplicate_order,
    entries_halted,
    expected_shortfall,
    exposure,
    gross_volume,
    halt,
    instrument_halt,
    margin,
    margin_level,
    news_blackout,
    open_positions,
    order_value,
    order_volume,
    orders_per_minute,
    orders_per_second,
    position_size,
    price_collar,
    restricted,
    rollover_window,
    session,
    spread,
    stale_data,
    trade_mode,
    unknown_price,
    value_at_risk,
    volume,
    weekend_window,
    weekly_loss,
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
    instrument_halt,
    restricted,
    order_volume,
    order_value,
    price_collar,
    orders_per_second,
    orders_per_minute,
    duplicate_order,
    rollover_window,
    weekend_window,
    news_blackout,
    currency_exposure,
    cluster_exposure,
    correlation,
    margin_level,
    weekly_loss,
    daily_risk,
    value_at_risk,
    expected_shortfall,
    entries_halted,
    gross_volume,
    open_positions,
)
REASONS: dict[int, str] = {rule.CODE: rule.REASON for rule in RULES}
CODES = tuple(rule.CODE for rule in RULES)
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
instrument_halt_check = instrument_halt.check
restricted_check = restricted.check
order_volume_check = order_volume.check
order_value_check = order_value.check
price_collar_check = price_collar.check
orders_per_second_check = orders_per_second.check
orders_per_minute_check = orders_per_minute.check
duplicate_order_check = duplicate_order.check
rollover_window_check = rollover_window.check
weekend_window_check = weekend_window.check
news_blackout_check = news_blackout.check
currency_exposure_check = currency_exposure.check
cluster_exposure_check = cluster_exposure.check
correlation_check = correlation.check
margin_level_check = margin_level.check
weekly_loss_check = weekly_loss.check
daily_risk_check = daily_risk.check
value_at_risk_check = value_at_risk.check
expected_shortfall_check = expected_shortfall.check
entries_halted_check = entries_halted.check
gross_volume_check = gross_volume.check
open_positions_check = open_positions.check


@compiled
def examine(checks, order, account, position, terms):  # type: ignore[no-untyped-def]
    """Ask every rule; return the code of the first that denies the order, 0 when all allow it.

    checks [rules] take each rule's answer, in the order of RULES; terms are the records of
    (market, instrument, limits).
    """
    market, instrument, limits = terms
    note(checks[0], halt_check(order, account, position, market, instrument, limits))
    note(checks[1], trade_mode_check(order, account, position, market, instrument, limits))
    note(checks[2], unknown_price_check(order, account, position, market, instrument, limits))
    note(checks[3], stale_data_check(order, account, position, market, instrument, limits))
    note(checks[4], session_check(order, account, position, market, instrument, limits))
    note(checks[5], volume_check(order, account, position, market, instrument, limits))
    note(checks[6], spread_check(order, account, position, market, instrument, limits))
    note(checks[7], position_size_check(order, account, position, market, instrument, limits))
    note(checks[8], exposure_check(order, account, position, market, instrument, limits))
    note(checks[9], margin_check(order, account, position, market, instrument, limits))
    note(checks[10], daily_loss_check(order, account, position, market, instrument, limits))
    note(checks[11], drawdown_check(order, account, position, market, instrument, limits))
    note(checks[12], instrument_halt_check(order, account, position, market, instrument, limits))
    note(checks[13], restricted_check(order, account, position, market, instrument, limits))
    note(checks[14], order_volume_check(order, account, position, market, instrument, limits))
    note(checks[15], order_value_check(order, account, position, market, instrument, limits))
    note(checks[16], price_collar_check(order, account, position, market, instrument, limits))
    note(checks[17], orders_per_second_check(order, account, position, market, instrument, limits))
    note(checks[18], orders_per_minute_check(order, account, position, market, instrument, limits))
    note(checks[19], duplicate_order_check(order, account, position, market, instrument, limits))
    note(checks[20], rollover_window_check(order, account, position, market, instrument, limits))
    note(checks[21], weekend_window_check(order, account, position, market, instrument, limits))
    note(checks[22], news_blackout_check(order, account, position, market, instrument, limits))
    note(checks[23], currency_exposure_check(order, account, position, market, instrument, limits))
    note(checks[24], cluster_exposure_check(order, account, position, market, instrument, limits))
    note(checks[25], correlation_check(order, account, position, market, instrument, limits))
    note(checks[26], margin_level_check(order, account, position, market, instrument, limits))
    note(checks[27], weekly_loss_check(order, account, position, market, instrument, limits))
    note(checks[28], daily_risk_check(order, account, position, market, instrument, limits))
    note(checks[29], value_at_risk_check(order, account, position, market, instrument, limits))
    note(checks[30], expected_shortfall_check(order, account, position, market, instrument, limits))
    note(checks[31], entries_halted_check(order, account, position, market, instrument, limits))
    note(checks[32], gross_volume_check(order, account, position, market, instrument, limits))
    note(checks[33], open_positions_check(order, account, position, market, instrument, limits))
    for place in range(len(CODES)):
        if checks[place].verdict == DENIED:
            return CODES[place]
    return 0

"""Value, commission, swap and margin in account minor units."""

from __future__ import annotations

from assay.kernel.compiling import compiled, inlined
from assay.kernel.rounding import muldiv, muldiv_wide

SWAP_PER_LOT, SWAP_ANNUAL = 2, 3
DAYS_A_YEAR = 360
MILLI = 1000


@inlined
def _leg_terms(num, den, leg_divides, leg_bid):  # type: ignore[no-untyped-def]
    if leg_bid != 0 and leg_divides:
        den *= leg_bid
    elif leg_bid != 0:
        num *= leg_bid
    return num, den


@inlined
def _through_leg(raw, num, den, leg_divides, leg_bid):  # type: ignore[no-untyped-def]
    num, den = _leg_terms(num, den, leg_divides, leg_bid)
    return muldiv(raw, num, den)


@inlined
def value_in_account(raw, instrument, leg_bid, parts):  # type: ignore[no-untyped-def]
    """Convert raw / parts (units x points) to account minor units, half-even; leg_bid 0: no leg."""
    return _through_leg(
        raw, instrument.value_num, instrument.value_den * parts, instrument.leg_divides, leg_bid
    )


@compiled
def commission_for(quantity, price, instrument, leg_bid):  # type: ignore[no-untyped-def]
    """Return the commission (>= 0) of one fill: a share of the notional, or a fee per lot."""
    units = abs(quantity)
    if instrument.commission_per_lot:
        fee = muldiv(units, instrument.commission_num, instrument.commission_den)
    elif instrument.commission_num == 0:
        fee = 0
    else:
        fee = _through_leg(
            units * price, instrument.commission_num, instrument.commission_den,
            instrument.leg_divides, leg_bid,
        )  # fmt: skip
    return max(fee, instrument.commission_min)


@compiled
def margin_for(raw, instrument, leg_bid):  # type: ignore[no-untyped-def]
    """Return the margin that |raw| = units x points of open position binds."""
    return _through_leg(
        abs(raw), instrument.margin_num, instrument.margin_den, instrument.leg_divides, leg_bid
    )


@compiled
def swap_for(quantity, bid, nights, instrument, leg_bid):  # type: ignore[no-untyped-def]
    """Return the overnight amount (negative is a cost); rates are in thousandths."""
    rate = instrument.swap_long if quantity > 0 else instrument.swap_short
    if rate == 0 or instrument.swap_mode == 0:
        return 0
    units = abs(quantity)
    if instrument.swap_mode == SWAP_PER_LOT:
        return muldiv_wide(units, rate * nights * instrument.swap_num, instrument.swap_den)
    if instrument.swap_mode == SWAP_ANNUAL:
        worth = value_in_account(units * bid, instrument, leg_bid, 1)
        return muldiv_wide(worth, rate * nights, 100 * DAYS_A_YEAR * MILLI)
    num, den = _leg_terms(instrument.swap_num, instrument.swap_den, instrument.leg_divides, leg_bid)
    return muldiv_wide(units * rate * nights, num, den)

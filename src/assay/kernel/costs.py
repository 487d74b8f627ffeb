"""Value, commission, swap and margin in account minor units."""

from __future__ import annotations

from assay.kernel.compiling import compiled, inlined
from assay.kernel.rounding import OVERFLOW, divide_half_even, muldiv, muldiv_wide

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
def leg_price(raw, instrument, market):  # type: ignore[no-untyped-def]
    """Return the price of the leg at the side that hurts, 0 without a leg.

    A gain (raw > 0) is sold at its bid, a loss or a cost is bought at its ask; where the leg is
    quoted the other way round, they are the other way round.
    """
    if (raw > 0) == (instrument.leg_divides != 0):
        return market.leg_ask
    return market.leg_bid


@inlined
def value_in_account(raw, instrument, leg, parts):  # type: ignore[no-untyped-def]
    """Convert raw / parts (units x points) to account minor units, half-even; leg 0: no leg."""
    return _through_leg(
        raw, instrument.value_num, instrument.value_den * parts, instrument.leg_divides, leg
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
def _at_mean(units, held):  # type: ignore[no-untyped-def]
    """Return units x the mean price of (units, cost) in whole points, as a terminal shows it."""
    return units * divide_half_even(held[1], held[0]) if held[0] else 0


@compiled
def margin_of_sides(longs, shorts, instrument, leg_bid):  # type: ignore[no-untyped-def]
    """Return the margin that both sides of a hedging account bind, each given as (units, cost).

    What is held on one side alone binds as a position does. What is held on both binds what the
    contract says of it at the mean price of all, or nothing where the larger side alone counts.
    """
    larger, smaller = longs, shorts
    if longs[0] <= shorts[0]:
        larger, smaller = shorts, longs
    if instrument.hedged_den == 0 or smaller[0] == 0:
        bought = margin_for(_at_mean(longs[0], longs), instrument, leg_bid)
        sold = margin_for(_at_mean(shorts[0], shorts), instrument, leg_bid)
        return OVERFLOW if OVERFLOW in (bought, sold) else max(bought, sold)
    raw = _at_mean(larger[0] - smaller[0], larger)
    alone = margin_for(raw, instrument, leg_bid)
    raw = _at_mean(smaller[0], (longs[0] + shorts[0], longs[1] + shorts[1]))
    both = _through_leg(
        raw, instrument.hedged_num, instrument.hedged_den, instrument.leg_divides, leg_bid
    )
    return OVERFLOW if OVERFLOW in (alone, both) else alone + both


@compiled
def swap_for(quantity, bid, nights, instrument, leg):  # type: ignore[no-untyped-def]
    """Return the overnight amount (negative is a cost); rates are in thousandths."""
    rate = instrument.swap_long if quantity > 0 else instrument.swap_short
    if rate == 0 or instrument.swap_mode == 0:
        return 0
    units = abs(quantity)
    if instrument.swap_mode == SWAP_PER_LOT:
        return muldiv_wide(units, rate * nights * instrument.swap_num, instrument.swap_den)
    if instrument.swap_mode == SWAP_ANNUAL:
        worth = value_in_account(units * bid, instrument, leg, 1)
        return muldiv_wide(worth, rate * nights, 100 * DAYS_A_YEAR * MILLI)
    num, den = _leg_terms(instrument.swap_num, instrument.swap_den, instrument.leg_divides, leg)
    return muldiv_wide(units * rate * nights, num, den)

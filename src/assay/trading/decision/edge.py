"""What a bracket is worth on average: probability, payoffs, and all that it costs."""

from __future__ import annotations

from assay.kernel.compiling import compiled
from assay.kernel.costs import commission_for, value_in_account
from assay.kernel.rounding import OVERFLOW, divide_half_even

CERTAIN = 10_000


@compiled
def cost_of_lot(event, market, instrument):  # type: ignore[no-untyped-def]
    """Return what opening and closing one lot costs (minor units): spread, slippage, commission.

    OVERFLOW where it does not fit.
    """
    units = instrument.lot_units
    crossed = value_in_account(
        units * (event.spread_close + 2 * instrument.slippage), instrument, market.leg_bid, 1
    )
    fee = commission_for(units, event.close, instrument, market.leg_bid)
    if OVERFLOW in (crossed, fee):
        return OVERFLOW
    return crossed + 2 * fee


@compiled
def expect_of_lot(probability, forecast, market, instrument):  # type: ignore[no-untyped-def]
    """Return what a bracket of one lot is worth before costs (minor units).

    `probability` (ten-thousandths) is that of its side; right, it earns `forecast.gain`, else it
    loses `forecast.loss`.
    """
    points = divide_half_even(
        probability * forecast.gain - (CERTAIN - probability) * forecast.loss, CERTAIN
    )
    return value_in_account(instrument.lot_units * points, instrument, market.leg_bid, 1)

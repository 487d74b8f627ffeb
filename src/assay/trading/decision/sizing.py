"""Size what was chosen: by Kelly, by volatility, or by the loss at the stop; never above the cap.

Whatever the method, the loss at the stop stays below the cap, and a volume is floored to the step.
"""

from __future__ import annotations

from assay.kernel.compiling import compiled
from assay.kernel.costs import value_in_account
from assay.kernel.rounding import OVERFLOW, muldiv
from assay.kernel.sizing import floor_to_step, kelly_bp, size_fixed_risk
from assay.trading.decision.timing import WHOLE_BP

KELLY, VOLATILITY, FIXED_RISK, EQUAL_RISK = 1, 2, 3, 4
METHODS = ("kelly", "volatility", "fixed_risk", "equal_risk")
"""Methods in the order of their codes, which count from 1."""


@compiled
def value_of_lot(points, market, instrument):  # type: ignore[no-untyped-def]
    """Return what a move of so many points is worth to a lot (minor units)."""
    return value_in_account(instrument.lot_units * points, instrument, market.leg_bid, 1)


@compiled
def _share_at_risk(intent, forecast, market, instrument, terms):  # type: ignore[no-untyped-def]
    """Return the share of equity (bp) that the stop may cost, by the method."""
    method, kelly, cap, risk, shares, _ = terms
    if method == KELLY:
        gain = value_of_lot(forecast.gain, market, instrument) - intent.cost
        loss = value_of_lot(forecast.loss, market, instrument) + intent.cost
        return kelly_bp(intent.lower, gain, loss, kelly, cap)
    if method == FIXED_RISK:
        return min(risk, cap)
    if method == EQUAL_RISK:
        return min(risk // max(shares, 1), cap)
    return cap


@compiled
def size_choice(intent, forecast, account, view, swing, terms):  # type: ignore[no-untyped-def]
    """Return the units to trade, 0 where the least volume is too much.

    view is (market, instrument); swing is the standard deviation of the price over the horizon
    (points), which volatility targeting alone reads; terms are (method, fraction of Kelly, cap of
    the loss at the stop, risk, shares, calm), of which the middle three are basis points of equity
    and calm those of the size that the state of the market leaves.

    kelly: that fraction of Kelly at the lower bound of the probability, which shrinks it by the
    error of the estimate. volatility: a swing costs `risk`. fixed_risk: the stop costs `risk`.
    equal_risk: the stop costs an equal one of `shares` parts of `risk`.
    """
    market, instrument = view
    lot, equity = instrument.lot_units, account.balance + account.unrealised
    share = _share_at_risk(intent, forecast, market, instrument, terms)
    at_stop = value_of_lot(forecast.stop, market, instrument) + intent.cost
    wanted = size_fixed_risk(equity, share, max(at_stop, 1), lot)
    if terms[0] == VOLATILITY:
        worth = value_of_lot(swing, market, instrument)
        by_swing = 0 if worth == OVERFLOW else size_fixed_risk(equity, terms[3], worth, lot)
        wanted = min(wanted, by_swing)
    wanted = muldiv(wanted, terms[5], WHOLE_BP)
    return floor_to_step(
        wanted, instrument.volume_step, instrument.volume_min, instrument.volume_max
    )

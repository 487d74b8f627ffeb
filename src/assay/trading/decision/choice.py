"""Choose a side, or abstain."""

from __future__ import annotations

from assay.kernel.compiling import compiled
from assay.kernel.costs import value_in_account
from assay.kernel.records import READY
from assay.kernel.rounding import OVERFLOW
from assay.trading.decision.edge import CERTAIN, cost_of_lot, expect_of_lot

NO_DECISION, ENTER, EXIT, HOLD_ON, ABSTAIN = 0, 1, 2, 3, 4
"""Outcomes of a decision."""

NOT_READY, NO_EDGE, TOO_SMALL, NO_VALUE, WIDE_SPREAD, TURN_NEAR, UNMEASURED = 1, 2, 3, 4, 5, 6, 7
BOOK_LEANS, ENTRY_WAITS = 8, 9
"""Why a decision abstained; a position is held on past its horizon for a wide spread too."""


@compiled
def weigh_sides(event, forecast, market, instrument, intent):  # type: ignore[no-untyped-def]
    """Write the better side with its probability, cost and expected value per lot.

    The expected value counts with the lower bound of the probability. Returns 0, or why not.
    """
    if forecast.state != READY:
        return NOT_READY
    cost = cost_of_lot(event, market, instrument)
    long = expect_of_lot(forecast.up_lower, forecast, market, instrument)
    short = expect_of_lot(CERTAIN - forecast.up_upper, forecast, market, instrument)
    # What sizing values later: an overflow there would pass for a small loss, and trade the most.
    farthest = max(forecast.stop, forecast.gain, forecast.loss)
    worth = value_in_account(instrument.lot_units * farthest, instrument, market.leg_bid, 1)
    if OVERFLOW in (cost, long, short, worth):
        return NO_VALUE
    intent.cost = cost
    if long >= short:
        intent.side, intent.expected = 1, long - cost
        intent.probability, intent.lower, intent.upper = (
            forecast.p_up, forecast.up_lower, forecast.up_upper,
        )  # fmt: skip
    else:
        intent.side, intent.expected = -1, short - cost
        intent.probability, intent.lower, intent.upper = (
            CERTAIN - forecast.p_up, CERTAIN - forecast.up_upper, CERTAIN - forecast.up_lower,
        )  # fmt: skip
    return 0 if intent.expected > 0 else NO_EDGE

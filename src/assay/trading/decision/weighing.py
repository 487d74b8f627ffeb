"""Weigh every bar as if nothing were open: what a model would take, and why not."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assay.kernel.compiling import compiled
from assay.kernel.costs import value_in_account
from assay.kernel.records import INTENT, MARKET_STATE
from assay.trading.decision.choice import weigh_sides


@compiled
def _weigh(events, forecasts, instrument, markets, found):  # type: ignore[no-untyped-def]
    market = markets[0]
    for k in range(len(events)):
        event, intent = events[k], found[k]
        market.leg_bid = event.close if instrument.leg >= 0 else 0
        intent.reason = weigh_sides(event, forecasts[k], market, instrument, intent)


def weigh_bars(
    events: np.ndarray, forecasts: np.ndarray, instruments: np.ndarray
) -> NDArray[np.void]:
    """Return INTENT records [n]: side, probability, cost and expected value per lot, reason.

    The events are of one instrument that needs no other for its conversion; what is taken has no
    reason against it.
    """
    found = np.zeros(len(events), INTENT)
    _weigh(events, forecasts, instruments[0], np.zeros(1, MARKET_STATE), found)
    return found


@compiled
def _value_stops(events, forecasts, instrument, found):  # type: ignore[no-untyped-def]
    for k in range(len(events)):
        leg_bid = events[k].close if instrument.leg >= 0 else 0
        raw = instrument.lot_units * forecasts[k].stop
        found[k] = value_in_account(raw, instrument, leg_bid, 1)


def value_stops(
    events: np.ndarray, forecasts: np.ndarray, instruments: np.ndarray
) -> NDArray[np.int64]:
    """Return what the stop distance of each bar's forecast is worth [n], in minor units a lot.

    The events are of one instrument that needs no other for its conversion; OVERFLOW is what is
    worth more than 63 bits hold.
    """
    found = np.zeros(len(events), np.int64)
    _value_stops(events, forecasts, instruments[0], found)
    return found

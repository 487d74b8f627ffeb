"""The engine's numbers as messages say them, and messages as the engine's records."""

from __future__ import annotations

from typing import Any

import numpy as np
from msgspec import UNSET, UnsetType

from assay.kernel.records import (
    CLOSE_BY,
    EXPIRED,
    FORECAST,
    FORECAST_STATES,
    ICEBERG,
    LIMIT,
    MARKET,
    ORDER_TERMS,
    OTHER_FILLED,
    PROTECTION,
    STOP,
    STOP_LIMIT,
    STOP_LOSS,
    STOP_OUT,
    TAKE_PROFIT,
    TIME_STOP,
    TIMES_IN_FORCE,
    TRAILING_STOP,
    TWAP,
    UNFILLED,
    VWAP,
    WORKED,
)
from assay.model.messages import OrderTerms, Predicted
from assay.model.values import round_to_scale
from assay.trading.engine.refusing import REFUSALS
from assay.trading.risk.catalogue import REASONS
from assay.trading.risk.telling import TOO_MANY
from assay.trading.risk.verdict import NO_SLOT

TYPE_NAMES = {
    MARKET: "market",
    LIMIT: "limit",
    STOP: "stop",
    STOP_LOSS: "stop_loss",
    TAKE_PROFIT: "take_profit",
    STOP_OUT: "stop_out",
    TIME_STOP: "time_stop",
    STOP_LIMIT: "stop_limit",
    TRAILING_STOP: "trailing_stop",
    TWAP: "twap",
    VWAP: "vwap",
    ICEBERG: "iceberg",
    CLOSE_BY: "close_by",
    PROTECTION: "protection",
}
IN_PARTS = frozenset(TYPE_NAMES[kind] for kind in (TWAP, VWAP, ICEBERG))
"""Types of which no broker hears: it hears of their children."""
DENIALS = {**REASONS, **REFUSALS, NO_SLOT: TOO_MANY}
ENDINGS = {EXPIRED: "expired", OTHER_FILLED: "other_filled", UNFILLED: "unfilled", WORKED: "worked"}
"""Why an order ended that nobody cancelled."""
_NO_TERMS = [0] * len(ORDER_TERMS)


def units_of(size: float | None, units: int) -> int:
    """Return the units that a quoted size is, for so many in a size of 1; 0 where none is told."""
    return round_to_scale(size * units, 0) if size and units else 0


def forecast_record(predicted: Predicted) -> Any:
    """Return the FORECAST record of a message."""
    record = np.zeros((), FORECAST)
    for name in FORECAST.names or ():
        value = getattr(predicted, name)
        record[name] = FORECAST_STATES.index(value) if name == "state" else value
    return record[()]


def name_terms(words: list[int]) -> OrderTerms | UnsetType:
    """Return the ORDER_TERMS of a row as a message holds them; UNSET where it has none."""
    if words == _NO_TERMS:
        return UNSET
    told = dict(zip(ORDER_TERMS, words, strict=True))
    kind = told.pop("time_in_force")
    known = 0 <= kind < len(TIMES_IN_FORCE)
    return OrderTerms(time_in_force=TIMES_IN_FORCE[kind] if known else "unknown", **told)

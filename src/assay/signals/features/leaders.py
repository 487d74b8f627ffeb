"""Features of leading symbols beside an instrument's own, by the time at which bars closed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LEADER_FEATURES = ("return_1", "momentum_5", "momentum_15", "momentum_60")
"""What the standard set takes from each leader."""

STALE_BARS = 10
"""A leader whose last bar closed this many bar lengths ago, or longer, says nothing (NaN)."""

Int64s = NDArray[np.int64]
Float32s = NDArray[np.float32]


def is_fresh(closed: int, now: int, timeframe: int) -> bool:
    """Tell whether a leader's bar speaks at this close: not later, not stale (all ns)."""
    return 0 <= now - closed < STALE_BARS * timeframe


def align_leader(
    closes: Int64s, leader_closes: Int64s, led: Float32s, *, timeframe: int
) -> Float32s:
    """Return the leader's rows [bars, features] as they were known at each close.

    Only bars of the leader that closed by then count, the latest of them; NaN where there is none
    or it is stale.
    """
    at = np.searchsorted(leader_closes, closes, side="right") - 1
    rows = np.full((len(closes), led.shape[1]), np.nan, dtype=np.float32)
    known = at >= 0
    known[known] = closes[known] - leader_closes[at[known]] < STALE_BARS * timeframe
    rows[known] = led[at[known]]
    return rows

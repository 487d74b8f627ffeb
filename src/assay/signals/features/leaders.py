"""Who follows whom, and what leaders had told by the time at which a bar closed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LEADER_FEATURES = ("steady_momentum_5", "steady_momentum_15")
"""What the standard set takes from whomever an instrument follows."""

LEADER_PREFIX = "lead."
"""What the names of features that a leader told begin with."""

STALE_BARS = 10
"""A leader whose last bar closed this many bar lengths ago, or longer, says nothing (0)."""

Int64s = NDArray[np.int64]
Float32s = NDArray[np.float32]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Lead:
    """Say that one symbol follows another, with the sign 1, or against it, with the sign -1."""

    follower: str
    leader: str
    sign: int


@dataclass(frozen=True, slots=True)
class Told:
    """Hold what a leader told: closes of its bars (ns UTC) and its features [bars, told]."""

    closes: Int64s
    rows: Float32s


def is_fresh(closed: int, now: int, timeframe: int) -> bool:
    """Tell whether a leader's bar speaks at this close: before it, not stale (all ns)."""
    return 0 < now - closed < STALE_BARS * timeframe


def align_leader(closes: Int64s, told: Told, *, timeframe: int, sign: int = 1) -> Float32s:
    """Return what a leader had told before each close [bars, told], times the sign.

    Only bars that closed before count, the latest of them: which of two bars of one close comes
    first is chance. 0 where there is none or it is stale.
    """
    at = np.searchsorted(told.closes, closes, side="left") - 1
    rows = np.zeros((len(closes), told.rows.shape[1]), dtype=np.float32)
    known = at >= 0
    known[known] = closes[known] - told.closes[at[known]] < STALE_BARS * timeframe
    rows[known] = sign * told.rows[at[known]]
    return rows


def count_before(closes: Int64s, told: Told) -> Int64s:
    """Return how many bars of a leader had closed before each close."""
    return np.searchsorted(told.closes, closes, side="left").astype(np.int64)


def find_absent(leads: Sequence[Lead], symbols: Sequence[str]) -> Mapping[str, str]:
    """Return, by follower among the symbols, the leader that is not among them."""
    return {
        lead.follower: lead.leader
        for lead in leads
        if lead.follower in symbols and lead.leader not in symbols
    }

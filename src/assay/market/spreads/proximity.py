"""How much wider the spread is near a release: a factor by the minutes to or since it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assay.model.time import MINUTE

Int64s = NDArray[np.int64]
Float64s = NDArray[np.float64]

EDGES = (-5, -1, 0, 1, 5, 15, 30)
"""Bounds of the buckets in minutes since the release; a bucket holds its first bound."""


def factor_at(ts: Int64s, releases: Int64s, factors: Float64s) -> Float64s:
    """Return the factor at each instant (ns UTC), the greatest where releases overlap, else 1.

    `releases` are rising instants, `factors` one value for each bucket of EDGES.
    """
    found = np.ones(len(ts))
    for bucket, factor in enumerate(factors):
        low, high = EDGES[bucket] * MINUTE, EDGES[bucket + 1] * MINUTE
        begun = np.searchsorted(releases, ts - low, side="right")
        ended = np.searchsorted(releases, ts - high, side="right")
        found = np.where(begun > ended, np.maximum(found, factor), found)
    return found


def factor_over(start: Int64s, length: int, releases: Int64s, factors: Float64s) -> Float64s:
    """Return one factor for each bar: at its open or on average over it, whichever is greater.

    Market orders fill at the open; stops, limits and marks fall anywhere in the bar.
    """
    turns = np.unique(releases[:, None] + np.array(EDGES, np.int64) * MINUTE)
    if not len(turns):
        return np.ones(len(start))
    above = factor_at(turns, releases, factors) - 1.0
    steps = np.diff(turns).astype(np.float64)
    # The area under factor - 1; before the first turn and after the last the factor is 1.
    area = np.concatenate([[0.0], np.cumsum(above[:-1] * steps)])
    since = turns[0]
    x = (turns - since).astype(np.float64)
    until = np.interp((start + length - since).astype(np.float64), x, area)
    mean = 1.0 + (until - np.interp((start - since).astype(np.float64), x, area)) / length
    return np.maximum(factor_at(start, releases, factors), mean)

"""From what brackets earned to the outcome of a bar, and how much each bar counts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assay.signals.labels.brackets import Booked, Float64s, Int64s

SHORT, NEITHER, LONG = 0, 1, 2
OUTCOMES = ("short", "neither", "long")
UNKNOWN = -1


def classify(booked: Booked) -> NDArray[np.int8]:
    """Return which side won after costs: LONG, SHORT, NEITHER, or UNKNOWN where the data end.

    Where both sides earned, the one that earned more won.

    >>> long, short = np.array([5, -1, -1, 3]), np.array([-5, 2, -2, 4])
    >>> classify(Booked(long, short, long, short, np.array([9, 9, 9, -1]))).tolist()
    [2, 0, 1, -1]
    """
    found = np.full(len(booked.end), NEITHER, dtype=np.int8)
    found[(booked.long_net > 0) & (booked.long_net >= booked.short_net)] = LONG
    found[(booked.short_net > 0) & (booked.short_net > booked.long_net)] = SHORT
    found[booked.end < 0] = UNKNOWN
    return found


def went_up(mid: Int64s, horizon: int) -> NDArray[np.int8]:
    """Return 1 where the mid close is higher `horizon` bars on, else 0; UNKNOWN at the end.

    >>> went_up(np.array([10, 11, 9, 12]), 2).tolist()
    [0, 1, -1, -1]
    """
    found = np.full(len(mid), UNKNOWN, dtype=np.int8)
    if len(mid) > horizon:
        found[:-horizon] = mid[horizon:] > mid[:-horizon]
    return found


def uniqueness(start: Int64s, end: Int64s) -> Float64s:
    """Return each label's average uniqueness: the mean of 1 / (labels alive) over its life.

    Labels are alive from `start` to `end`, both rows of the same bars and both included. Source:
    M. Lopez de Prado, Advances in Financial Machine Learning, 2018, section 4.4.

    >>> uniqueness(np.array([0, 1]), np.array([1, 2])).tolist()
    [0.75, 0.75]
    """
    if not len(start):
        return np.empty(0)
    rows = int(end.max()) + 2
    alive = np.cumsum(np.bincount(start, minlength=rows) - np.bincount(end + 1, minlength=rows))
    share = np.divide(1.0, alive, out=np.zeros(rows), where=alive > 0)
    total = np.concatenate([[0.0], np.cumsum(share)])
    return np.asarray((total[end + 1] - total[start]) / (end + 1 - start))

"""What a challenger gained on a champion, label by label, with the most that it could lose."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from assay.signals.promotion.windows import Windows

Floats = NDArray[np.float64]
CLIP = 0.15
"""Probabilities are taken for no nearer to 0 or 1: a log score must be bounded to be bet on."""
PROFIT_MOST = 2.0
"""Profits are compared in stop distances, a difference for no more than so many."""


class Gains(NamedTuple):
    """Hold gains [n] and, known before them, the most that each could lose [n], at least 0."""

    gain: Floats
    fall: Floats


def log_score_gains(champion: Floats, challenger: Floats, up: NDArray[np.bool_]) -> Gains:
    """Return how much more the challenger's log score is, from probabilities [n] and outcomes [n].

    In nats. Probabilities are clipped to [CLIP, 1 - CLIP], so that a gain lies within 1.74.

    >>> log_score_gains(np.array([0.5]), np.array([0.6]), np.array([True]))[0].round(4).tolist()
    [0.1823]
    """
    p, q = np.clip(champion, CLIP, 1 - CLIP), np.clip(challenger, CLIP, 1 - CLIP)
    if_up, if_not = np.log(q / p), np.log((1 - q) / (1 - p))
    return Gains(np.where(up, if_up, if_not), np.maximum(0.0, -np.minimum(if_up, if_not)))


def profit_gains(champion: Floats, challenger: Floats, margin: float) -> Gains:
    """Return how much more the challenger earned, plus the margin that it may earn less.

    Both earnings are in stop distances; their difference is clipped to PROFIT_MOST either way.
    """
    gain = np.clip(challenger - champion, -PROFIT_MOST, PROFIT_MOST) + margin
    return Gains(gain, np.full(len(gain), PROFIT_MOST - margin))


def join_gains(rows: Gains, windows: Windows) -> Gains:
    """Return the mean gains of each window: labels that overlap count as one."""
    chosen, owner = windows.rows, windows.owner
    counts = np.bincount(owner, minlength=len(windows))
    return Gains(
        *(
            np.bincount(owner, weights=column[chosen], minlength=len(windows)) / counts
            for column in rows
        )
    )

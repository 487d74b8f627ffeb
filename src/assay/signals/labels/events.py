"""Choose the bars after which something happened: where prices have moved far enough."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assay.signals.labels.brackets import Float64s

HALVINGS = 12


def cusum_events(levels: Float64s, threshold: float) -> NDArray[np.bool_]:
    """Return where levels [n] have moved by more than a threshold since they last had.

    Ups and downs are added up apart, neither below 0, each anew after it passed; the first level
    is none. Source: M. Lopez de Prado, Advances in Financial Machine Learning, 2018, section
    2.5.2.1 (symmetric CUSUM filter).

    >>> cusum_events(np.array([0.0, 0.6, 1.2, 1.0, 0.0]), 1.0).tolist()
    [False, False, True, False, True]
    """
    found = np.zeros(len(levels), dtype=bool)
    up = down = 0.0
    for at, change in enumerate(np.diff(levels).tolist(), 1):
        up, down = max(0.0, up + change), min(0.0, down + change)
        if up > threshold:
            found[at], up = True, 0.0
        elif down < -threshold:
            found[at], down = True, 0.0
    return found


def choose_events(series: list[Float64s], most: int) -> list[NDArray[np.bool_]]:
    """Return of each of several level series its events, in all at most so many.

    One threshold for all, in standard deviations of their own steps: about the least that does.
    """
    spreads = [float(np.diff(one).std()) if len(one) > 1 else 0.0 for one in series]

    def choose(share: float) -> list[NDArray[np.bool_]]:
        pairs = zip(series, spreads, strict=True)
        return [cusum_events(one, share * spread) for one, spread in pairs]

    low, high = 0.0, 1.0
    while _count(best := choose(high)) > most:
        low, high = high, 2 * high
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        found = choose(middle)
        if _count(found) > most:
            low = middle
        else:
            high, best = middle, found
    return best


def _count(found: list[NDArray[np.bool_]]) -> int:
    return sum(int(one.sum()) for one in found)

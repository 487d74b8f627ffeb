"""The trend ahead that is surest: the sign of the straight line with the largest t-value."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assay.signals.labels.brackets import Float64s, Int64s
from assay.signals.labels.outcomes import LONG, NEITHER, SHORT, UNKNOWN
from assay.signals.labels.ports import Marks, Passed, lasting

SHORTEST_PART = 4
"""The shortest line scanned is this part of the horizon."""
LEAST_BARS = 2
"""A line through fewer points than three has no t-value."""
CHUNK_ROWS = 1 << 14
SURE = 1.0 - 1e-12
"""A share of variance explained is held below this: a line without error has no finite t."""


@dataclass(frozen=True, slots=True)
class TrendScanning:
    """Tell the direction of the surest trend among those of a quarter to all of the horizon.

    For each length a line is fitted to the mids from the bar on (least squares); the one whose
    slope has the largest |t| counts, the shortest of equals, and its sign is the label; NEITHER
    where prices stood still. Which line it is can be told only once the longest was seen, so the
    label is known at the end of the horizon, wherever the line ended. Source: M. Lopez de Prado,
    Machine Learning for Asset Managers, 2020, section 5.4.

    >>> mid = np.array([10, 11, 12, 11, 10, 9])
    >>> found = TrendScanning().mark(Passed(
    ...     close_time=np.arange(6), mid=mid, spread=np.zeros(6, int), timeframe=1), 2)
    >>> found.outcome.tolist(), found.end.tolist()
    ([2, 1, 0, 0, -1, -1], [2, 3, 4, 5, -1, -1])
    """

    name: str = "trend-scanning"
    asks: str = "whether the surest trend of a quarter to all of the horizon ahead goes up or down"
    outcomes: tuple[str, str, str] = ("down", "neither", "up")
    symmetric: bool = True
    shortest: int = LEAST_BARS

    def mark(self, passed: Passed, horizon: int) -> Marks:
        """Mark every bar by the lines that begin at its close."""
        outcome = np.full(len(passed), UNKNOWN, dtype=np.int8)
        for start in range(0, len(passed) - horizon, CHUNK_ROWS):
            stop = min(start + CHUNK_ROWS, len(passed) - horizon)
            surest = scan_trends(passed.mid[start : stop + horizon], horizon)
            outcome[start:stop] = np.select([surest > 0, surest < 0], [LONG, SHORT], NEITHER)
        return lasting(outcome, horizon)


def scan_trends(mid: Int64s, horizon: int) -> Float64s:
    """Return the t-value of largest size [n - horizon] of the lines that begin at each bar.

    Sums are of integers and relative to the bar itself, so they are exact and nothing before it
    counts.
    """
    rows = len(mid) - horizon
    best = np.zeros(rows)
    sums = np.zeros((3, rows), dtype=np.int64)
    shortest = max(LEAST_BARS, -(-horizon // SHORTEST_PART))
    for ahead in range(1, horizon + 1):
        move = mid[ahead : ahead + rows] - mid[:rows]
        sums[0] += move
        sums[1] += ahead * move
        sums[2] += move * move
        if ahead >= shortest:
            found = _slope_t(sums, ahead + 1)
            np.copyto(best, found, where=np.abs(found) > np.abs(best))
    return best


def _slope_t(sums: NDArray[np.int64], points: int) -> Float64s:
    """Return the t-value of the slope through so many points at 0, 1, 2…, the first of them 0."""
    y, xy, yy = sums
    spread = points * (points * points - 1) / 12.0
    together = xy - 0.5 * (points - 1) * y
    power = yy - y * (y / points)
    share = np.divide(
        together * together, spread * power, out=np.zeros(len(y)), where=power > 0
    )  # fmt: skip
    share = np.minimum(share, SURE)
    return np.asarray(np.sign(together) * np.sqrt((points - 2) * share / (1.0 - share)))


PLUGIN = TrendScanning()

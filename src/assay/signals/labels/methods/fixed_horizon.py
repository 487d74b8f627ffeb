"""The way of the mid over a fixed number of bars, where it is worth more than the spread."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assay.signals.labels.outcomes import LONG, NEITHER, SHORT
from assay.signals.labels.ports import Marks, Passed, lasting

HALVES = 2
"""Half points to a point."""


@dataclass(frozen=True, slots=True)
class FixedHorizon:
    """Tell whether the mid is higher or lower a horizon on, by more than the bar's own spread.

    The spread is what going in and out costs at the least; within it the outcome is NEITHER.

    >>> found = FixedHorizon().mark(Passed(
    ...     close_time=np.arange(4), mid=np.array([10, 15, 9, 14]), spread=np.array([1, 3, 1, 1]),
    ...     timeframe=1), 1)
    >>> found.outcome.tolist(), found.end.tolist()
    ([2, 1, 2, -1], [1, 2, 3, -1])
    """

    name: str = "fixed-horizon"
    asks: str = "whether the mid ends a horizon on above or below, by more than the spread"
    outcomes: tuple[str, str, str] = ("down", "neither", "up")
    symmetric: bool = True
    shortest: int = 1

    def mark(self, passed: Passed, horizon: int) -> Marks:
        """Mark every bar by the move to the close `horizon` bars on."""
        move = np.zeros(len(passed), dtype=np.int64)
        move[:-horizon] = passed.mid[horizon:] - passed.mid[:-horizon]
        band = HALVES * passed.spread
        outcome = np.select([move > band, move < -band], [LONG, SHORT], NEITHER)
        return lasting(outcome.astype(np.int8), horizon)


PLUGIN = FixedHorizon()

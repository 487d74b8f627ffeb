"""A calibrated probability as a table of integer steps."""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

from assay.model.errors import DataError

Int64s = NDArray[np.int64]
ONE = 10_000
"""Certainty; probabilities and scores are whole ten-thousandths."""


class StepTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Map a score to a probability and its bounds, all in ten-thousandths.

    Step k holds for scores from `start[k]` to below `start[k + 1]`; the first starts at 0.
    """

    start: tuple[int, ...]
    p: tuple[int, ...]
    lower: tuple[int, ...]
    upper: tuple[int, ...]

    def __post_init__(self) -> None:
        columns = (self.start, self.p, self.lower, self.upper)
        if not self.start or self.start[0] != 0 or len({len(column) for column in columns}) != 1:
            raise DataError("a step table needs equal columns whose first step starts at 0")
        if any(b <= a for a, b in zip(self.start, self.start[1:], strict=False)):
            raise DataError(f"the steps of a table must rise, was {self.start}")

    def place(self, score: Int64s) -> Int64s:
        """Return the step of each score."""
        return np.searchsorted(np.array(self.start), score, side="right") - 1

    def look_up(self, score: Int64s) -> tuple[Int64s, Int64s, Int64s]:
        """Return probability, lower and upper bound of each score.

        >>> table = StepTable((0, 5000), (4000, 6000), (3500, 5500), (4500, 6500))
        >>> [column.tolist() for column in table.look_up(np.array([4999, 5000]))]
        [[4000, 6000], [3500, 5500], [4500, 6500]]
        """
        at = self.place(score)
        return np.array(self.p)[at], np.array(self.lower)[at], np.array(self.upper)[at]


def to_score(probability: NDArray[np.float32] | NDArray[np.float64]) -> Int64s:
    """Round a probability to whole ten-thousandths, the one place where it becomes an integer."""
    return np.rint(np.asarray(probability, dtype=np.float64) * ONE).astype(np.int64)

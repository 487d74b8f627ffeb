"""Many means at once with their intervals, by resampling the same stretches of time for all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from assay.signals.calibration.resampling import BlockCounts

if TYPE_CHECKING:
    from assay.runtime.ids import Generator

Float64s = NDArray[np.float64]
Int64s = NDArray[np.int64]
DRAWS = 1_000
TAIL = 0.025
STRETCHES_MIN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Mean:
    """Hold a mean over rows with its 95 % interval, and the stretches of time they lie in.

    None where there is no row, and bounds None where stretches are too few to tell.
    """

    mean: float | None
    lower: float | None
    upper: float | None
    rows: int
    stretches: int


@dataclass(frozen=True, slots=True)
class Stretches:
    """Hold the number of each row's stretch of time [n], 0 to `count`, whatever is measured."""

    place: Int64s
    count: int

    @classmethod
    def of(cls, block: Int64s) -> Stretches:
        """Return the stretches of rows by the block of time [n] that each belongs to."""
        _, place = np.unique(block, return_inverse=True)
        return cls(place, int(place.max()) + 1 if len(place) else 0)

    def add_up(self, values: Float64s, group: Int64s, size: int) -> BlockCounts:
        """Return rows and sums of values [n] by stretch and group [n]; those below 0 are left out.

        >>> found = Stretches.of(np.array([5, 5, 6])).add_up(np.ones(3), np.array([0, -1, 1]), 2)
        >>> found.successes.tolist()
        [[1.0, 0.0], [0.0, 1.0]]
        """
        kept = group >= 0
        cell = self.place[kept] * size + group[kept]
        length, shape = self.count * size, (self.count, size)
        return BlockCounts(
            np.bincount(cell, minlength=length).astype(np.float64).reshape(shape),
            np.bincount(cell, weights=values[kept], minlength=length)
            .astype(np.float64)
            .reshape(shape),
        )


def bound_means(counts: Sequence[BlockCounts], rng: Generator) -> list[list[Mean]]:
    """Return the mean of each group of each of these counts, with intervals from the same draws.

    The counts are over the same stretches, which are drawn with replacement; a draw without any row
    of a group says nothing of it. Source: H. Kuensch, Annals of Statistics, 1989.
    """
    joined = BlockCounts(
        np.hstack([each.rows for each in counts]), np.hstack([each.successes for each in counts])
    )
    rows, sums = joined.total
    held = (joined.rows > 0).sum(axis=0)
    known = held >= STRETCHES_MIN
    lower, upper = np.full(len(rows), np.nan), np.full(len(rows), np.nan)
    if known.any():
        told = BlockCounts(joined.rows[:, known], joined.successes[:, known])
        times, drawn = told.resample(DRAWS, rng)
        means = np.divide(drawn, times, out=np.full(times.shape, np.nan), where=times > 0)
        lower[known], upper[known] = np.nanquantile(means, [TAIL, 1 - TAIL], axis=0)
    found = [
        Mean(
            mean=float(sums[k] / rows[k]) if rows[k] else None,
            lower=float(lower[k]) if known[k] else None,
            upper=float(upper[k]) if known[k] else None,
            rows=int(rows[k]), stretches=int(held[k]),
        )
        for k in range(len(rows))
    ]  # fmt: skip
    ends = np.cumsum([each.rows.shape[1] for each in counts]).tolist()
    return [found[a:b] for a, b in zip([0, *ends], ends, strict=False)]

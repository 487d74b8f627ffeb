"""Counts by block and bin, and their resampling: neighbours in time stay together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from assay.runtime.ids import Generator


Float64s = NDArray[np.float64]
Int64s = NDArray[np.int64]
DRAWS = 1_000
"""Resampled spans that a bound is read from."""


@dataclass(frozen=True, slots=True)
class BlockCounts:
    """Hold how many rows each block has in each bin, and what they sum to (successes, or money)."""

    rows: Float64s
    successes: Float64s

    @property
    def total(self) -> tuple[Float64s, Float64s]:
        """Return rows and successes by bin, over all blocks."""
        return self.rows.sum(axis=0), self.successes.sum(axis=0)

    def resample(self, draws: int, rng: Generator) -> tuple[Float64s, Float64s]:
        """Return rows and successes by (draw, bin), the blocks drawn with replacement.

        Source: H. Kuensch, The jackknife and the bootstrap for general stationary observations,
        Annals of Statistics, 1989.
        """
        blocks = len(self.rows)
        times = rng.multinomial(blocks, np.full(blocks, 1 / blocks), size=draws).astype(np.float64)
        return times @ self.rows, times @ self.successes


def count_blocks(
    bins: Int64s, hit: NDArray[np.bool_] | Float64s, block: Int64s, size: int
) -> BlockCounts:
    """Count rows and add up hits; `block` numbers the stretch of time that each row belongs to."""
    _, where = np.unique(block, return_inverse=True)
    blocks = int(where.max()) + 1 if len(where) else 0
    cell = where * size + bins
    shape = (blocks, size)
    return BlockCounts(
        np.bincount(cell, minlength=blocks * size).astype(np.float64).reshape(shape),
        np.bincount(cell, weights=hit, minlength=blocks * size).reshape(shape),
    )

"""Resample days in blocks, so that what is near in time stays near."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from assay.runtime.ids import Generator


def stationary_rows(
    generator: Generator, n: int, *, block: float, draws: int
) -> Iterator[npt.NDArray[np.int64]]:
    """Yield `draws` resamples of 0 .. n - 1 in blocks of random length, `block` on average.

    Each row goes on to the next (the last to the first), or with probability 1 / block starts
    anywhere. Source: Politis and Romano, "The Stationary Bootstrap", Journal of the American
    Statistical Association 89(428), 1994.
    """
    places = np.arange(n)
    for _ in range(draws):
        starts = generator.random(n) < 1 / block
        starts[0] = True
        firsts = generator.integers(0, n, size=n)
        since = np.maximum.accumulate(np.where(starts, places, 0))
        yield (firsts[since] + places - since) % n

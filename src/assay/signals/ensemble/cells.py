"""The volatility that a bar is in, beside what is usual at its hour: calm, usual or turbulent."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Int64s = NDArray[np.int64]
CELLS = ("calm", "usual", "turbulent")
CALM, USUAL, TURBULENT = range(len(CELLS))
FEATURE = "regime_long"
APART = 0.15
"""The log of volatility over the usual beyond which it is not usual: a factor of 1.16."""


def cells_of(features: NDArray[np.float32], names: Sequence[str]) -> Int64s:
    """Return the place in CELLS of each row of features [n, k]; USUAL where they do not tell.

    >>> cells_of(np.array([[-0.2], [0.1], [0.3]], np.float32), ("regime_long",)).tolist()
    [0, 1, 2]
    """
    found = np.full(len(features), USUAL, np.int64)
    if FEATURE in names:
        column = features[:, tuple(names).index(FEATURE)]
        found[column < -APART] = CALM
        found[column > APART] = TURBULENT
    return found

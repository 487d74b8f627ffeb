"""Round to 16 bits of mantissa, so that the thresholds of trees are exact wherever they serve."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assay.kernel.compiling import allocation_free

EXPONENT = 0x7F80_0000
DROPPED = 0x7F


@allocation_free
def round_bits(bits):  # type: ignore[no-untyped-def]
    """Round float32 numbers in place, given as uint32 [n]: half to even, NaN and infinity kept."""
    for i in range(len(bits)):
        word = np.int64(bits[i])
        if word & EXPONENT != EXPONENT:
            word += (DROPPED >> 1) + ((word >> 7) & 1)
            bits[i] = np.uint32(word & ~np.int64(DROPPED))


def round_mantissa(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return float32 values with the low 7 bits of the fraction rounded away, half to even.

    NaN and infinity stay as they are; the largest finite values may round to infinity.

    >>> round_mantissa(np.array([1 / 3, np.inf], dtype=np.float32)).tolist()
    [0.3333320617675781, inf]
    """
    rounded = np.array(values, dtype=np.float32, order="C")
    round_bits(rounded.reshape(-1).view(np.uint32))
    return rounded

"""Feature values as the bytes that a message carries."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assay.model.messages import FeaturesReady

LITTLE_ENDIAN = np.dtype("<f4")


def pack_values(row: NDArray[np.float32]) -> bytes:
    """Return the bytes of one row of features."""
    return row.astype(LITTLE_ENDIAN).tobytes()


def read_values(message: FeaturesReady) -> NDArray[np.float32]:
    """Return the features [features] of a message, in the order of their set."""
    return np.frombuffer(message.values, LITTLE_ENDIAN).astype(np.float32)

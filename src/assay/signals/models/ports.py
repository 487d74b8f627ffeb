"""What a model family must do: learn the direction of bars, and hand over an ONNX graph."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from assay.signals.models.space import Settings, Space
from assay.signals.models.windows import Windows

Float32s = NDArray[np.float32]
Float64s = NDArray[np.float64]
Int8s = NDArray[np.int8]
Features = Float32s | Windows
"""Of each row its features [n, k]; for a family that reads several bars, windows [n, window, k]."""
PARITY_MOST = 1e-6


@dataclass(frozen=True, slots=True)
class Examples:
    """Hold rows to learn from: features, whether the mid rose soon [n], weights [n]."""

    features: Features
    up: Int8s
    weight: Float64s

    def __len__(self) -> int:
        return len(self.up)


@dataclass(frozen=True, slots=True, kw_only=True)
class FitRequest:
    """Ask for a fit: rows, later rows to know when to stop, seed, and where to keep progress."""

    fit: Examples
    stop: Examples
    seed: int
    checkpoint: Path
    on_progress: Callable[[int, int], None] | None = None


@dataclass(frozen=True, slots=True)
class Fitted:
    """Hold a fitted model as ONNX bytes, the facts worth telling, and its own check.

    `predict` is the library's own answer, which the graph must repeat within `parity_most`.
    """

    onnx: bytes
    facts: dict[str, float | int | str]
    predict: Callable[[Features], Float64s]
    parity_most: float = PARITY_MOST


class Family(Protocol):
    """One model family; its folder under signals/models bears its name.

    It reads the features of `window` bars, the last of them the one to answer for. Of rows to fit
    on it takes no more than `rows_most`, where that is not None; those to stop by are a tenth.
    `space` is what of it may be searched.
    """

    name: str
    window: int
    rows_most: int | None
    space: Space

    def tuned(self, settings: Settings) -> Family:
        """Return the family with these settings; raise UsageError for what its space lacks."""
        ...

    def fit(self, request: FitRequest) -> Fitted:
        """Fit on request.fit; equal requests give equal graphs."""
        ...

"""What a model family must do: learn the direction of bars, and hand over an ONNX graph."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Float32s = NDArray[np.float32]
Float64s = NDArray[np.float64]
Int8s = NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Examples:
    """Hold rows to learn from: features [n, k], whether the mid rose soon [n], weights [n]."""

    features: Float32s
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

    `predict` is the library's own answer, which the graph must repeat.
    """

    onnx: bytes
    facts: dict[str, float | int | str]
    predict: Callable[[Float32s], Float64s]


class Family(Protocol):
    """One model family; its folder under signals/models bears its name."""

    name: str

    def fit(self, request: FitRequest) -> Fitted:
        """Fit on request.fit; equal requests give equal graphs."""
        ...

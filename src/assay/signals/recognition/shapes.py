"""The shape of the last bars as a vector, and stores that find the nearest of those before."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from assay.signals.streams.columns import CLOSE, HIGH, LOW, OPEN, Float64s

Float32s = NDArray[np.float32]

SHAPE_BARS = 20
SHAPE_SPAN = SHAPE_BARS + 1
"""Bars that a shape looks back on: the true range of the first needs the close before it."""
SHAPE_SIZE = SHAPE_BARS + 2
STORE_MOST = 20_000
"""Shapes that are remembered: of more, the oldest go."""


def shape_of(bars: Float64s) -> Float32s | None:
    """Return the shape [SHAPE_SIZE] of the last of the rows; None before SHAPE_SPAN of them.

    Closes before, and open, high and low of the last bar, each less the last close, over the mean
    true range of the bars; zeros where nothing moved.
    """
    if len(bars) < SHAPE_SPAN:
        return None
    window = bars[-SHAPE_SPAN:]
    close, last = window[:, CLOSE], window[-1]
    high = np.maximum(window[1:, HIGH], close[:-1])
    low = np.minimum(window[1:, LOW], close[:-1])
    reach = float((high - low).mean())
    shape = np.empty(SHAPE_SIZE)
    shape[: SHAPE_BARS - 1] = close[1:-1]
    shape[SHAPE_BARS - 1 :] = last[OPEN], last[HIGH], last[LOW]
    shape -= last[CLOSE]
    return (shape / reach if reach > 0 else 0.0 * shape).astype(np.float32)


class ShapeStore(Protocol):
    """Remember shapes with what came of them, and find those most like another.

    A moment is a close in ns UTC; `known` that at which the outcome was known, and `move` the
    points that the market then had gone.
    """

    def add(self, shape: Float32s, *, ts_close: int, known: int, move: int) -> None: ...

    def nearest(self, shape: Float32s, *, now: int, count: int) -> NDArray[np.int64]:
        """Return the moves of at most `count` nearest of those known by now, nearest first."""
        ...

    def close(self) -> None:
        """Let go of whatever holds the shapes."""
        ...


class MemoryShapes:
    """Keep shapes in this process, at most `most`, and compare with every one."""

    def __init__(self, most: int = STORE_MOST) -> None:
        self._shapes = np.zeros((most, SHAPE_SIZE), dtype=np.float32)
        self._squares = np.zeros(most, dtype=np.float32)
        self._moves = np.zeros(most, dtype=np.int64)
        self._count = 0

    def add(self, shape: Float32s, *, ts_close: int, known: int, move: int) -> None:  # noqa: ARG002  one is added once it is known
        """Remember a shape in the place of the oldest."""
        place = self._count % len(self._moves)
        self._shapes[place] = shape
        self._squares[place] = shape @ shape
        self._moves[place] = move
        self._count += 1

    def nearest(self, shape: Float32s, *, now: int, count: int) -> NDArray[np.int64]:  # noqa: ARG002  all that are here are known
        """Return the moves of the nearest by Euclidean distance, of equal ones the first added."""
        held = min(self._count, len(self._moves))
        distances = self._squares[:held] - 2.0 * (self._shapes[:held] @ shape)
        if held > count:
            near = np.sort(np.argpartition(distances, count - 1)[:count])
        else:
            near = np.arange(held)
        return self._moves[near[np.argsort(distances[near], kind="stable")]]

    def close(self) -> None:
        """Hold nothing that needs it."""

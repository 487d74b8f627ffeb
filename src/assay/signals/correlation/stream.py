"""Covariances and correlations one row of returns at a time, or of many rows at once."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assay.kernel.compiling import bind_types
from assay.model.errors import UsageError
from assay.signals.correlation.moments import COUNT, PLACE, run_faded, run_rolling
from assay.signals.correlation.shrinkage import TARGETS, Shrunk, shrink

Float64s = NDArray[np.float64]
Int64s = NDArray[np.int64]

METHODS = ("rolling", "ewm", "shrinkage")
HALF_LIVES = 4
"""An exponential average is counted as long as so many half-lives, which bear 94 % of it."""
SAMPLES = 20
"""How often a window's length the path of correlations is sampled."""


@dataclass(frozen=True, slots=True)
class Estimator:
    """Say how correlations are estimated: one of METHODS, over `window` rows or by `half_life`.

    Shrinkage is of the last `window` rows, towards one of TARGETS. Raises UsageError for what
    makes no sense.
    """

    method: str = "rolling"
    window: int = 500
    half_life: float = 125.0
    target: str = "constant"

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise UsageError(f"method {self.method!r} is unknown; there are {', '.join(METHODS)}")
        if self.target not in TARGETS:
            raise UsageError(f"target {self.target!r} is unknown; there are {', '.join(TARGETS)}")
        if self.window < 2 * SAMPLES:
            raise UsageError(
                f"a window of {self.window} rows is too short; use {2 * SAMPLES} or more"
            )
        if not SAMPLES / 2 <= self.half_life < math.inf:
            raise UsageError(f"a half-life of {self.half_life:g} rows is too short; use 10 or more")

    @property
    def length(self) -> int:
        """Return how many rows it looks back on, the faint rest of exponential weights aside."""
        if self.method == "ewm":
            return math.ceil(HALF_LIVES * self.half_life)
        return self.window

    @property
    def every(self) -> int:
        """Return after how many rows each the path of correlations is sampled."""
        return max(1, self.length // SAMPLES)

    @property
    def apart(self) -> int:
        """Return how many samples lie between two windows that share no row."""
        return -(-self.length // self.every)

    @property
    def effective_length(self) -> float:
        """Return how many equally weighted rows its weights are worth in the long run (Kish)."""
        if self.method != "ewm":
            return float(self.window)
        decay = math.pow(0.5, 1 / self.half_life)
        return (1 + decay) / (1 - decay)

    def weigh(self, rows: int) -> Float64s:
        """Return the weights, summing to 1, of the last of so many rows that it looks at."""
        if self.method == "ewm":
            weights = 0.5 ** (np.arange(rows)[::-1] / self.half_life)
        else:
            weights = np.ones(min(rows, self.window))
        return np.asarray(weights / weights.sum())


class CorrelationStream:
    """Step an estimator by one row of returns at a time.

    `push` and `load` run the same compiled step, so their numbers are equal to the last bit, and
    rows still to come change none. Holds O(window x symbols) numbers.
    """

    def __init__(self, size: int, estimator: Estimator) -> None:
        self.size, self.estimator = size, estimator
        self._row = np.zeros((1, size))
        self._covariance, self._correlation = np.full((2, size, size), np.nan)
        self._is_faded = estimator.method == "ewm"
        self._loop = run_faded if self._is_faded else run_rolling
        self._arrays = self._new_arrays()
        given = (self._arrays, self._row, self._covariance, self._correlation, self._plan(0, 0))
        self._given, self._run = given, bind_types(self._loop, *given)

    @property
    def rows(self) -> int:
        """Return how many rows it has seen."""
        return int(self._arrays[0][COUNT])

    @property
    def effective_rows(self) -> float:
        """Return how many equally weighted rows its weights are worth (Kish)."""
        if self._is_faded:
            weights = self._arrays[2]
            return float(weights[0] ** 2 / weights[1]) if weights[1] else 0.0
        return float(min(self.rows, self.estimator.window))

    @property
    def covariance(self) -> Float64s:
        """Return the covariance [size, size] of the rows seen, without shrinkage.

        Divided by rows - 1, exponentially weighted by the sum of weights. 0 where nothing moved.
        """
        return self._covariance.copy()

    @property
    def correlation(self) -> Float64s:
        """Return the correlation [size, size], without shrinkage; NaN where nothing moved."""
        return self._correlation.copy()

    def push(self, returns: Float64s) -> None:
        """Take one row [size]; raise UsageError for NaN, which no estimate would forget."""
        self._row[0] = returns
        if math.isnan(self._row.sum()):
            raise UsageError("a return is NaN; leave out rows at which somebody is missing")
        self._run(*self._given)

    def load(self, rows: Float64s) -> Float64s:
        """Take many rows [n, size]; return the correlations of the pairs [samples, pairs].

        The first sample is taken once the estimator has its length of rows, the others after each
        `every` rows more; pairs are the upper triangle, row by row.
        """
        rows = np.ascontiguousarray(rows, dtype=np.float64)
        if np.isnan(rows).any():
            raise UsageError("a return is NaN; leave out rows at which somebody is missing")
        if not len(rows):
            return np.empty((0, self.size * (self.size - 1) // 2))
        plan = self._plan(self.estimator.every, len(rows))
        taken = self._loop(self._arrays, rows, self._covariance, self._correlation, plan)
        return plan[2][:taken]

    def kept(self) -> Float64s:
        """Return the rows of the window, oldest first; none are kept for exponential weights."""
        if self._is_faded:
            return np.empty((0, self.size))
        ring, place = self._arrays[1], int(self._arrays[0][PLACE])
        rows = ring[:place] if self.rows < len(ring) else np.roll(ring, -place, axis=0)
        return np.asarray(rows + self._arrays[2])

    def shrink(self) -> Shrunk:
        """Return the covariance of the window, drawn towards the estimator's target."""
        return shrink(self.kept(), self.estimator.target)

    def _plan(self, every: int, rows: int) -> tuple[int, int, Float64s]:
        samples = rows // every + 1 if every else 0
        path = np.empty((samples, self.size * (self.size - 1) // 2))
        return every, self.estimator.length, path

    def _new_arrays(self) -> tuple[Any, ...]:  # Any: each loop has arrays of its own
        size, square = self.size, (self.size, self.size)
        head = np.zeros(2, dtype=np.int64)
        if self._is_faded:
            decay = np.array([0.5 ** (1.0 / self.estimator.half_life)])
            return head, decay, np.zeros(2), np.zeros(size), np.zeros(square), np.zeros(size)
        ring = np.zeros((self.estimator.window, size))
        moments = (np.zeros(size), np.zeros(square))
        again = (np.zeros(size), np.zeros(square))
        return head, ring, np.zeros(size), *moments, *again, np.zeros(size)


def sample_rows(rows: int, estimator: Estimator) -> Int64s:
    """Return the row at which each sample of a path over so many rows was taken."""
    return np.arange(estimator.length - 1, rows, estimator.every, dtype=np.int64)


def to_correlation(covariance: Float64s) -> Float64s:
    """Return the correlations of a covariance; NaN beside whatever did not move."""
    deviation = np.sqrt(np.diag(covariance))
    scale = np.outer(deviation, deviation)
    found = np.divide(covariance, scale, out=np.full_like(covariance, np.nan), where=scale > 0)
    found[np.diag_indices(len(found))] = np.where(deviation > 0, 1.0, np.nan)
    return np.asarray(np.clip(found, -1.0, 1.0))

"""How sure an estimate is, where returns come in calm and turbulent stretches.

A pair's effective n is the number of independent Gaussian rows whose correlation would be as
uncertain as the one measured: (1 - r^2)^2 over its long-run variance. Fat tails, turbulence that
persists and returns that follow each other make it smaller than the number of rows.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from assay.kernel.compiling import compiled
from assay.signals.correlation.moments import TINY

Float64s = NDArray[np.float64]

LEVEL = 0.95
"""Of every interval that is given."""
ROWS_LEAST = 4


@dataclass(frozen=True, slots=True)
class Pair:
    """Hold a correlation, its effective n and its interval of LEVEL."""

    correlation: float
    effective_n: float
    low: float
    high: float


def choose_lags(rows: int) -> int:
    """Return how many lags of a long-run variance so many rows bear: their cube root."""
    return max(1, math.ceil(rows ** (1 / 3))) if rows else 0


@compiled
def long_run_sum(values, lags):  # type: ignore[no-untyped-def]
    """Return the variance of a sum of values [n] whose mean is 0, by Bartlett's weights.

    It is the mean of the squares of moving sums over lags + 1 values, never below 0. Source: W.
    Newey, K. West, A simple, positive semi-definite, heteroskedasticity and autocorrelation
    consistent covariance matrix, Econometrica 55, 1987.
    """
    rows, squares, moving = len(values), 0.0, 0.0
    lags = min(lags, rows - 1)
    for t in range(rows + lags):
        if t < rows:
            moving += values[t]
        if t > lags:
            moving -= values[t - lags - 1]
        squares += moving * moving
    return squares / (lags + 1)


@compiled
def weigh_moments(x, y, weights):  # type: ignore[no-untyped-def]
    """Return both means, both variances, the covariance, and the sum of squared weights."""
    mean_x = mean_y = xx = yy = xy = squares = 0.0
    for t in range(len(x)):
        mean_x += weights[t] * x[t]
        mean_y += weights[t] * y[t]
        squares += weights[t] * weights[t]
    for t in range(len(x)):
        one, other = x[t] - mean_x, y[t] - mean_y
        xx += weights[t] * one * one
        yy += weights[t] * other * other
        xy += weights[t] * one * other
    return mean_x, mean_y, xx, yy, xy, squares


@compiled
def influence_of(x, y, weights, moments):  # type: ignore[no-untyped-def]
    """Return how each row moves the correlation [n]; their sum is 0."""
    mean_x, mean_y, xx, yy, xy, _ = moments
    scale_x, scale_y = 1.0 / math.sqrt(xx), 1.0 / math.sqrt(yy)
    r = xy * scale_x * scale_y
    found = np.empty(len(x))
    for t in range(len(x)):
        one, other = (x[t] - mean_x) * scale_x, (y[t] - mean_y) * scale_y
        found[t] = weights[t] * (one * other - 0.5 * r * (one * one + other * other))
    return found


def judge_pair(x: Float64s, y: Float64s, weights: Float64s) -> Pair:
    """Return the correlation of two columns, weighted (sum 1), with its uncertainty."""
    x, y = np.ascontiguousarray(x), np.ascontiguousarray(y)
    moments = weigh_moments(x, y, weights)
    mean_x, mean_y, xx, yy, xy, squares = moments
    is_still = xx <= (TINY * mean_x) ** 2 or yy <= (TINY * mean_y) ** 2
    if is_still or len(x) < ROWS_LEAST:
        return Pair(math.nan, 0.0, -1.0, 1.0)
    r = min(1.0, max(-1.0, xy / math.sqrt(xx * yy)))
    variance = float(long_run_sum(influence_of(x, y, weights, moments), choose_lags(len(x))))
    rows, certain = 1.0 / squares, (1.0 - r * r) ** 2
    effective = rows if variance <= certain / rows else certain / variance
    return Pair(r, effective, *fisher_interval(r, effective))


def fisher_z(r: Float64s) -> Float64s:
    """Return Fisher's z of correlations; those of 1 become large, not infinite."""
    return np.asarray(np.arctanh(np.clip(r, -1 + 1e-12, 1 - 1e-12)))


def fisher_interval(r: float, effective_n: float, level: float = LEVEL) -> tuple[float, float]:
    """Return the interval of a correlation by Fisher's z; all of -1 to 1 below four rows."""
    if effective_n < ROWS_LEAST or math.isnan(r):
        return -1.0, 1.0
    half = float(ndtri(0.5 + level / 2)) / math.sqrt(effective_n - 3)
    z = float(fisher_z(np.array([r]))[0])
    return math.tanh(z - half), math.tanh(z + half)

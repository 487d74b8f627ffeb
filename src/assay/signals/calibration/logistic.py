"""Logistic regression on counts, many draws at once, and its fit that never falls."""

from __future__ import annotations

from itertools import product

import numpy as np

from assay.signals.calibration.binning import Float64s

NEWTON_STEPS = 25
STEP_MOST = 2.0
SETTLED = 1e-10
STEADY = 1e-9
"""Added to curvatures, so that a draw without rows or a constant feature leaves 0."""


def fit_logistic(features: Float64s, rows: Float64s, successes: Float64s) -> Float64s:
    """Return each draw's coefficients [draws, 1 + k], the constant first, by Newton's method.

    Features are [bins, k], rows and successes [draws, bins]. What is constant, or a combination of
    others, adds nothing. Source: D. R. Cox, Two further applications of a model for binary
    regression, Biometrika, 1958.
    """
    mean = features.mean(axis=0)
    whiten = _whitening(features - mean)
    design = np.column_stack([np.ones(len(features)), (features - mean) @ whiten])
    width = design.shape[1]
    squares = (design[:, :, None] * design[:, None, :]).reshape(len(design), -1)
    found = np.zeros((len(rows), width))
    for _ in range(NEWTON_STEPS):
        p = logistic(found @ design.T)
        curvature = ((rows * p * (1 - p) + STEADY) @ squares).reshape(-1, width, width)
        slope = (successes - rows * p) @ design
        step = np.linalg.solve(curvature + STEADY * np.eye(width), slope[:, :, None])[:, :, 0]
        found += np.clip(step, -STEP_MOST, STEP_MOST)
        if np.abs(step).max() < SETTLED:
            break
    slopes = found[:, 1:] @ whiten.T
    return np.column_stack([found[:, 0] - slopes @ mean, slopes])


def fit_rising(features: Float64s, rows: Float64s, successes: Float64s) -> Float64s:
    """Return the coefficients as fit_logistic does, the likeliest where none but the first is < 0.

    The likelihood is concave, so its maximum is that of a fit to some of the features alone.
    """
    count = features.shape[1]
    best, most = np.zeros((len(rows), 1 + count)), np.full(len(rows), -np.inf)
    for kept in product([True, False], repeat=count):
        chosen = np.flatnonzero(kept)
        found = np.zeros((len(rows), 1 + count))
        found[:, [0, *(1 + chosen)]] = fit_logistic(features[:, chosen], rows, successes)
        log_odds = apply_logistic(features, found)
        likelihood = (successes * log_odds - rows * np.logaddexp(0, log_odds)).sum(axis=1)
        better = (likelihood > most) & (found[:, 1:] >= 0).all(axis=1)
        best[better], most[better] = found[better], likelihood[better]
    return best


def apply_logistic(features: Float64s, coefficients: Float64s) -> Float64s:
    """Return the log odds [draws, n] of features [n, k] by each draw's coefficients."""
    return np.asarray(coefficients[:, :1] + coefficients[:, 1:] @ features.T)


def logistic(log_odds: Float64s) -> Float64s:
    """Return the probability of log odds.

    >>> logistic(np.array([0.0])).tolist()
    [0.5]
    """
    return np.asarray(1 / (1 + np.exp(-np.clip(log_odds, -30, 30))))


def _whitening(centred: Float64s) -> Float64s:
    """Return what makes the columns uncorrelated and of deviation 1; directions of none give 0."""
    _, spread, directions = np.linalg.svd(centred, full_matrices=False)
    deviation = spread / len(centred) ** 0.5
    scale = np.divide(1.0, deviation, out=np.zeros_like(deviation), where=deviation > STEADY)
    return np.asarray(directions.T * scale)

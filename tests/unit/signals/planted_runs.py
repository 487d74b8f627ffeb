"""Runs of a champion and a challenger whose true difference is known."""

from __future__ import annotations

from math import sqrt

import numpy as np

from assay.runtime.ids import seeded_generator
from assay.signals.promotion import MARGIN, Gains, PromotionTest, Weighed
from assay.signals.promotion import log_score_gains as score
from assay.signals.promotion import profit_gains as profit

STRENGTH = 0.245
"""Log odds of the truth, one deviation: Bayes accuracy is 0.595 at the surest 30 %."""
COST = 0.1
"""Of a bracket, in stop distances: it earns 1 less this, or loses 1 and this."""


def sigmoid(odds: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-odds))


def earnings(p: np.ndarray, up: np.ndarray) -> np.ndarray:
    taken = np.abs(p - 0.5) > 0.04
    return np.where(taken, np.where((p > 0.5) == up, 1.0, -1.0) - COST, 0.0)


def weigh(p: np.ndarray, q: np.ndarray, up: np.ndarray, *, margin: float = MARGIN) -> Weighed:
    """Return what the test makes of probabilities [runs, n] of champion p and challenger q."""
    earned = profit(earnings(p, up).ravel(), earnings(q, up).ravel(), margin)
    return PromotionTest().take(score(p, q, up), Gains(*(one.reshape(p.shape) for one in earned)))


def alike(seed: int, runs: int, labels: int) -> Weighed:
    """Return runs of two models of equal skill, each seeing half of what there is to see."""
    rng = seeded_generator(seed)
    seen = STRENGTH * sqrt(0.5) * rng.standard_normal((2, runs, labels))
    up = rng.random((runs, labels)) < sigmoid(seen[0] + seen[1])
    return weigh(sigmoid(seen[0]), sigmoid(seen[1]), up)


def better(seed: int, runs: int, labels: int, gain: float, strength: float = STRENGTH) -> Weighed:
    """Return runs of a challenger that sees all, its log-score skill that much above."""
    rng = seeded_generator(seed)
    share = 1 / (1 + gain)
    known = strength * sqrt(share) * rng.standard_normal((runs, labels))
    hidden = strength * sqrt(1 - share) * rng.standard_normal((runs, labels))
    truth = sigmoid(known + hidden)
    return weigh(sigmoid(known), truth, rng.random((runs, labels)) < truth)

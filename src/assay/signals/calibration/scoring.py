"""How good a forecast was: proper scores, calibration error, and what was taken."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Float64s = NDArray[np.float64]
Bools = NDArray[np.bool_]
ECE_BINS = 15
LEAST = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """Hold the scores of probabilities against what came; None where they are undefined.

    Brier score and log loss are means, ece the mean absolute gap of 15 bins of equal mass.
    """

    brier: float | None
    log_loss: float | None
    ece: float | None
    auc: float | None


def score_probabilities(p: Float64s, hit: Bools) -> Scores:
    """Return the scores of probabilities [n] against outcomes [n].

    Source: G. Brier, Verification of forecasts expressed in terms of probability, 1950; C. Guo et
    al., On calibration of modern neural networks, 2017 (here with bins of equal mass).
    """
    if not len(p):
        return Scores(brier=None, log_loss=None, ece=None, auc=None)
    return Scores(
        brier=float(np.mean((p - hit) ** 2)),
        log_loss=float(log_losses(p, hit).mean()),
        ece=calibration_error(p, hit),
        auc=area_under_curve(p, hit),
    )


def log_losses(p: Float64s, hit: Bools) -> Float64s:
    """Return the log loss of each row; certainty that failed costs that of a millionth.

    >>> log_losses(np.array([0.5]), np.array([True])).round(4).tolist()
    [0.6931]
    """
    safe = np.clip(p, LEAST, 1 - LEAST)
    return np.asarray(-np.where(hit, np.log(safe), np.log(1 - safe)))


def equal_mass_bins(p: Float64s, bins: int) -> list[NDArray[np.int64]]:
    """Return the rows of each bin, lowest probabilities first; bins differ by one row at most."""
    return [part for part in np.array_split(np.argsort(p, kind="stable"), bins) if len(part)]


def calibration_error(p: Float64s, hit: Bools, bins: int = ECE_BINS) -> float:
    """Return the mean |probability - frequency| over bins of equal mass.

    >>> calibration_error(np.array([0.5, 0.5]), np.array([True, False]), bins=1)
    0.0
    """
    parts = equal_mass_bins(p, bins)
    gaps = [len(part) * abs(float(p[part].mean() - hit[part].mean())) for part in parts]
    return sum(gaps) / len(p)


def area_under_curve(p: Float64s, hit: Bools) -> float | None:
    """Return the chance that a hit was given more than a miss, ties half; None without both.

    Source: H. Mann, D. Whitney, On a test of whether one of two random variables is larger, 1947.

    >>> area_under_curve(np.array([0.1, 0.9]), np.array([False, True]))
    1.0
    """
    hits, misses = int(hit.sum()), int((~hit).sum())
    if not hits or not misses:
        return None
    _, place, counts = np.unique(p, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    rank = (last - (counts - 1) / 2)[place]
    return float((rank[hit].sum() - hits * (hits + 1) / 2) / (hits * misses))

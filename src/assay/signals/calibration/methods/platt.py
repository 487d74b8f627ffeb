"""Platt's scaling: a line in log odds."""

from __future__ import annotations

from assay.signals.calibration.binning import Float64s, Scored, log_odds
from assay.signals.calibration.logistic import apply_logistic, fit_rising, logistic
from assay.signals.calibration.ports import Curve
from assay.signals.calibration.steps import ONE


class Platt:
    """Fit ln(p / (1 - p)) = a ln(s / (1 - s)) + b with a >= 0.

    Outcomes are taken for (hits + 1) / (hits + 2) and 1 / (misses + 2), so that scores that part
    them wholly promise no certainty. Source: J. Platt, Probabilistic outputs for support vector
    machines and comparisons to regularized likelihood methods, 1999; on log odds as by C. Guo et
    al., On calibration of modern neural networks, 2017.
    """

    name = "platt"

    def fit(self, scored: Scored, rows: Float64s, successes: Float64s) -> Curve:
        """Return the curve of each draw."""
        hits = successes.sum(axis=1, keepdims=True)
        misses = rows.sum(axis=1, keepdims=True) - hits
        targets = successes * (hits + 1) / (hits + 2) + (rows - successes) / (misses + 2)
        found = fit_rising(log_odds(scored.centre)[:, None], rows, targets)
        p = logistic(apply_logistic(log_odds(scored.grid / ONE)[:, None], found))
        return Curve(p, p, p)


PLUGIN = Platt()

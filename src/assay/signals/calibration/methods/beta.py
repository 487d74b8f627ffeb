"""Beta calibration: a line in log odds that may bend, each end by itself."""

from __future__ import annotations

import numpy as np

from assay.signals.calibration.binning import CLIP, Float64s, Scored
from assay.signals.calibration.logistic import apply_logistic, fit_rising, logistic
from assay.signals.calibration.ports import Curve
from assay.signals.calibration.steps import ONE


class Beta:
    """Fit ln(p / (1 - p)) = a ln s - b ln(1 - s) + c with a, b >= 0.

    On rows and their mirror images a = b, c = 0. Source: M. Kull, T. Silva Filho, P. Flach, Beta
    calibration, AISTATS, 2017.
    """

    name = "beta"

    def fit(self, scored: Scored, rows: Float64s, successes: Float64s) -> Curve:
        """Return the curve of each draw."""
        found = fit_rising(_both_ends(scored.centre), rows, successes)
        p = logistic(apply_logistic(_both_ends(scored.grid / ONE), found))
        return Curve(p, p, p)


def _both_ends(score: Float64s) -> Float64s:
    inside = np.clip(score, CLIP, 1 - CLIP)
    return np.column_stack([np.log(inside), -np.log(1 - inside)])


PLUGIN = Beta()

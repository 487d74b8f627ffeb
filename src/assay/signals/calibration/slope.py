"""The slope of outcome on score: whether a score says anything at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assay.signals.calibration.binning import Scored, log_odds
from assay.signals.calibration.logistic import fit_logistic
from assay.signals.calibration.resampling import DRAWS

if TYPE_CHECKING:
    from assay.runtime.ids import Generator


@dataclass(frozen=True, slots=True, kw_only=True)
class Slope:
    """Hold the slope of the log odds of the outcome on the log odds of the score.

    `bound` is its lower bound at the level asked for; skill is shown where that is above 0.
    """

    value: float
    bound: float

    @property
    def is_positive(self) -> bool:
        """Say whether the slope is above 0 at its level."""
        return self.bound > 0


def fit_slope(scored: Scored, *, level: float, rng: Generator) -> Slope:
    """Fit outcome on score by logistic regression; the bound is by resampling blocks.

    It is the lower of the percentile of the resampled slopes and of Student's with their deviation:
    few blocks resample too narrowly. Source: D. R. Cox, Two further applications of a model for
    binary regression, 1958.
    """
    from scipy.special import stdtrit

    x = log_odds(scored.centre)[:, None]
    rows, successes = scored.counts.total
    value = float(fit_logistic(x, rows[None], successes[None])[0, 1])
    slopes = fit_logistic(x, *scored.counts.resample(DRAWS, rng))[:, 1]
    blocks = len(scored.counts.rows)
    spread = float(slopes.std()) * (blocks / (blocks - 1)) ** 0.5
    bounds = float(np.quantile(slopes, level)), value + float(stdtrit(blocks - 1, level)) * spread
    return Slope(value=value, bound=min(bounds))

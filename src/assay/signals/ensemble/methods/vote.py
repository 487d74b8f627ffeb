"""A weighted vote: each member counts by its skill on rows held out of it, newer ones more."""

from __future__ import annotations

import numpy as np

from assay.signals.calibration.logistic import logistic
from assay.signals.calibration.scoring import log_losses
from assay.signals.ensemble.cells import CELLS
from assay.signals.ensemble.ports import Float64s, HeldOut
from assay.signals.ensemble.weighing import fit_weights, scale_weights

HALF_LIFE = 0.5
"""The part of the held-out span after which a row's skill counts half."""


class Vote:
    """Weigh members by the log loss that each spares beside the base; without skill, hardly.

    Each is first brought to the scale that suits it, so that boasting is no skill; the shares are
    multiplied by one factor, which makes the pooled rows likeliest. Source: C. Genest, J. Zidek,
    Combining probability distributions, Statistical Science, 1986 (logarithmic pool).
    """

    name = "vote"

    def weigh(self, held: HeldOut) -> Float64s:
        """Return the weights, the same in every cell."""
        odds, up, weight, base = held.odds, held.up, held.weight, held.base
        scales = [float(fit_weights(column[:, None], up, weight, base)[0]) for column in odds.T]
        silent = log_losses(np.full(len(up), logistic(base)), up)
        decay = weight * 0.5 ** (held.age / HALF_LIFE)
        told = [logistic(base + scale * each) for scale, each in zip(scales, odds.T, strict=True)]
        skill = [float(np.average(silent - log_losses(p, up), weights=decay)) for p in told]
        shares = np.maximum(skill, 0.0) * scales
        if not shares.any():
            shares = np.full(odds.shape[1], 1 / odds.shape[1])
        weights = scale_weights(shares / shares.sum(), held)
        return np.tile(weights, (len(CELLS), 1))


PLUGIN = Vote()

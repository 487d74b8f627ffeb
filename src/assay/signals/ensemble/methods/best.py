"""The one member that did best on rows it was not fitted on, alone."""

from __future__ import annotations

import numpy as np

from assay.signals.calibration.logistic import logistic
from assay.signals.calibration.scoring import log_losses
from assay.signals.ensemble.cells import CELLS
from assay.signals.ensemble.ports import Float64s, HeldOut
from assay.signals.ensemble.weighing import scale_weights


class Best:
    """Give all weight to the member of least log loss, each at the scale that suits it."""

    name = "best"

    def weigh(self, held: HeldOut) -> Float64s:
        """Return the weights, the same in every cell, of one member alone."""
        alone = [scale_weights(row, held) for row in np.eye(held.odds.shape[1])]
        losses = [
            np.average(
                log_losses(logistic(held.base + np.einsum("nm,m->n", held.odds, row)), held.up),
                weights=held.weight,
            )
            for row in alone
        ]
        return np.tile(alone[int(np.argmin(losses))], (len(CELLS), 1))


PLUGIN = Best()

"""A stacked meta-learner: a logistic regression on the members' held-out log odds."""

from __future__ import annotations

import numpy as np

from assay.signals.ensemble.cells import CELLS
from assay.signals.ensemble.ports import Float64s, HeldOut
from assay.signals.ensemble.weighing import fit_weights


class Stack:
    """Weigh members by what each adds to the others; see fit_weights for source and formula."""

    name = "stack"

    def weigh(self, held: HeldOut) -> Float64s:
        """Return the weights, the same in every cell."""
        return np.tile(fit_weights(held.odds, held.up, held.weight, held.base), (len(CELLS), 1))


PLUGIN = Stack()

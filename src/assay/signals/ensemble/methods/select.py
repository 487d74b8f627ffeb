"""Dynamic selection: a stack of its own in calm, usual and turbulent volatility."""

from __future__ import annotations

import numpy as np

from assay.signals.ensemble.cells import CELLS
from assay.signals.ensemble.ports import Float64s, HeldOut
from assay.signals.ensemble.weighing import fit_weights

ROWS_LEAST = 1_000
"""A cell of fewer rows takes the weights of all rows."""


class Select:
    """Weigh members by what each adds to the others in volatility like this."""

    name = "select"

    def weigh(self, held: HeldOut) -> Float64s:
        """Return the weights of each cell."""
        usual = fit_weights(held.odds, held.up, held.weight, held.base)
        found = np.tile(usual, (len(CELLS), 1))
        for cell in range(len(CELLS)):
            mine = held.cell == cell
            if int(mine.sum()) >= ROWS_LEAST:
                told = held.take(mine)
                found[cell] = fit_weights(told.odds, told.up, told.weight, told.base)
        return found


PLUGIN = Select()

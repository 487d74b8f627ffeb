"""Prediction sets of a label that is no trade: the sets of a guard, without what silences."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assay.signals.calibration import ONE
from assay.signals.guard.guard import MISSES

Int64s = NDArray[np.int64]
Bools = NDArray[np.bool_]
PACE = 600.0
"""Step of the reach (ten-thousandths) a label, over the horizon: four times a guard's, for what is
foretold here may be all but sure in one market and a coin in the next, and the reach goes far."""


def start_reach(p: Int64s, hit: Bools) -> int:
    """Return the share of certainty that an answer may lack and still be in the set at first.

    Of probabilities and outcomes [n] of a calibration span, in ten-thousandths.
    """
    return int(np.quantile(np.where(hit, ONE - p, p), 1 - MISSES, method="higher"))


def track_sets(
    p: Int64s, hit: Bools, known: Int64s, *, reach: int, horizon: int
) -> NDArray[np.bool_]:
    """Return whether no and yes are in the set [n, 2] of each of one symbol's rows, in their order.

    `p` is the chance of yes in ten-thousandths, `hit` whether it came, `known` the row at which
    that was known, after the row itself and never falling. The reach moves as that of a Guard: a
    miss widens the sets that follow it, whatever the market does, so that a tenth is missed.
    """
    pace, now, learnt = PACE / horizon, float(reach), 0
    found = np.empty((len(p), 2), dtype=np.bool_)
    lacking = np.column_stack((p, ONE - p))
    missed = np.empty(len(p), dtype=np.bool_)
    for row, lacks in enumerate(lacking):
        while learnt < row and known[learnt] <= row:
            now += pace * (float(missed[learnt]) - MISSES)
            learnt += 1
        found[row] = lacks <= now
        missed[row] = not found[row, int(hit[row])]
    return found

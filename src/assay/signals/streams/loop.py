"""The compiled loop over bars; a stream runs it one bar at a time."""

from __future__ import annotations

import numpy as np

from assay.kernel.compiling import allocation_free
from assay.signals.streams.catalogue import step_one
from assay.signals.streams.columns import WALL
from assay.signals.streams.plan import FIRST_OUTPUT

FIRST_COLUMN = FIRST_OUTPUT - WALL - 1


@allocation_free
def step_indicators(steps, params, state, bar, values):  # type: ignore[no-untyped-def]
    """Step every indicator by one bar; values [refs] are all written, NaN where none is known."""
    values[0], values[1] = 0.0, 1.0
    for k in range(WALL + 1):
        values[FIRST_COLUMN + k] = bar[k]
    values[FIRST_OUTPUT:] = np.nan
    for i in range(len(steps)):
        code, begin, end = steps[i, 0], steps[i, 1], steps[i, 2]
        given = params[steps[i, 3] : steps[i, 4]]
        step_one(code, state[begin:end], given, bar, values[steps[i, 5] : steps[i, 6]])


@allocation_free
def run_indicators(steps, params, state, bars, rows):  # type: ignore[no-untyped-def]
    """Step every indicator over bars [n, 7] and write all values into rows [n, refs]."""
    for t in range(len(bars)):
        step_indicators(steps, params, state, bars[t], rows[t])

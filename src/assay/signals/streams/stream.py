"""Indicators one bar at a time, and the same over whole columns."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from assay.kernel.compiling import bind_types
from assay.model.errors import DataError
from assay.model.messages import BarClosed
from assay.signals.streams.columns import COLUMN_NAMES, BarColumns, Float64s, write_row
from assay.signals.streams.loop import run_indicators
from assay.signals.streams.plan import FIRST_OUTPUT, Use, lay_out


class IndicatorStream:
    """Step a choice of indicators by one finished bar at a time."""

    def __init__(self, uses: Sequence[Use]) -> None:
        self._plan = lay_out(uses)
        self._state = np.zeros(self._plan.state_size)
        self._bar = np.zeros((1, len(COLUMN_NAMES)))
        self._row = np.zeros((1, len(self._plan.refs)))
        plan = self._plan
        self._given = (plan.steps, plan.params, self._state, self._bar, self._row)
        self._run = bind_types(run_indicators, *self._given)

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the outputs, in their order."""
        return self._plan.refs[FIRST_OUTPUT:]

    def push(self, bar: BarClosed) -> Float64s:
        """Return the outputs after this bar, NaN where not warm."""
        write_row(bar, self._bar[0])
        self._run(*self._given)
        return self._row[0, FIRST_OUTPUT:].copy()

    def snapshot(self) -> bytes:
        """Return the bytes of the state."""
        return self._state.tobytes()

    def restore(self, state: bytes) -> None:
        """Bring the stream to a state taken before; raise DataError for that of another choice."""
        if len(state) != self._state.nbytes:
            raise DataError(
                f"a state of {len(state)} bytes is not of these indicators, which have "
                f"{self._state.nbytes}; load the bars afresh"
            )
        self._state[:] = np.frombuffer(state)


def compute_indicators(uses: Sequence[Use], columns: BarColumns) -> Float64s:
    """Return the outputs [bars, outputs] of these indicators, NaN where not warm."""
    plan = lay_out(uses)
    rows = np.empty((len(columns), len(plan.refs)))
    state = np.zeros(plan.state_size)
    run_indicators(plan.steps, plan.params, state, columns.to_rows(), rows)
    return rows[:, FIRST_OUTPUT:]

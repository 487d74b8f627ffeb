"""Indicators one bar at a time, and the same over whole columns."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from assay.kernel.compiling import bind_types
from assay.model.errors import DataError
from assay.model.messages import BarClosed
from assay.signals.streams.columns import (
    QUOTES,
    WIDTH,
    BarColumns,
    Float64s,
    write_flow,
    write_row,
)
from assay.signals.streams.loop import run_indicators
from assay.signals.streams.own import OwnSteps, count_state, own_among
from assay.signals.streams.plan import FIRST_OUTPUT, Use, lay_out


class IndicatorStream:
    """Step a choice of indicators by one finished bar at a time; a tenant's own come last."""

    def __init__(self, uses: Sequence[Use]) -> None:
        own = own_among(uses)
        self._plan = plan = lay_out(uses)
        self._names = (*plan.refs[FIRST_OUTPUT:], *(ref for each in own for ref in each.refs))
        self._state = np.zeros(plan.state_size + count_state(own))
        self._bar = np.zeros((1, WIDTH))
        self._row = np.zeros((1, len(plan.refs)))
        self._beside = np.zeros((1, len(self._names) - len(plan.refs) + FIRST_OUTPUT))
        given = (plan.steps, plan.params, self._state[: plan.state_size])
        self._given = (*given, self._bar, self._row)
        self._run = bind_types(run_indicators, *self._given)
        self._own = OwnSteps(own, self._state[plan.state_size :])

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the outputs, in their order."""
        return self._names

    def push(self, bar: BarClosed) -> Float64s:
        """Return the outputs after this bar, NaN where not warm."""
        write_row(bar, self._bar[0, :QUOTES])
        write_flow(bar, self._bar[0, QUOTES:])
        self._run(*self._given)
        self._own.run(self._bar, self._beside)
        return np.concatenate((self._row[0, FIRST_OUTPUT:], self._beside[0]))

    def load(self, columns: BarColumns) -> Float64s:
        """Step over many bars at once and return their outputs [bars, outputs]."""
        bars, plan = columns.to_rows(WIDTH), self._plan
        rows = np.empty((len(bars), len(plan.refs)))
        beside = np.empty((len(bars), self._beside.shape[1]))
        self._run(*self._given[:3], bars, rows)
        self._own.run(bars, beside)
        return np.hstack((rows[:, FIRST_OUTPUT:], beside))

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
    return IndicatorStream(uses).load(columns)

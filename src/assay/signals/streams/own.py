"""Indicators of a tenant's own: each has a compiled loop to itself beside the catalogue's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from assay.kernel.compiling import bind_types
from assay.signals.streams.columns import WIDTH, Float64s
from assay.signals.streams.indicator import Indicator

if TYPE_CHECKING:
    from assay.signals.streams.plan import Use


@dataclass(frozen=True, slots=True)
class Own:
    """Hold an indicator with the source that it was made of, by which alone it is told apart.

    `run(state, params, bars, out, begin, end)` is compiled: it steps over bars [n, WIDTH] and
    writes the columns from `begin` to `end` of out [n, k], NaN where none is known.
    """

    name: str
    digest: str
    source: str = field(compare=False, repr=False)
    indicator: Indicator = field(compare=False, repr=False)
    run: Callable[..., Any] = field(compare=False, repr=False)


def own_among(uses: Sequence[Use]) -> list[Use]:
    """Return those uses whose indicator is none of the catalogue."""
    return [each for each in uses if each.own is not None]


def count_state(uses: Sequence[Use]) -> int:
    """Return how many numbers the states of these uses take."""
    return sum(each.indicator.state_size(each.values) for each in uses)


class OwnSteps:
    """Step indicators of a tenant's own; `state` is theirs, and starts as zeros.

    Their outputs stand in the columns of `out` from the first on, in their order.
    """

    def __init__(self, uses: Sequence[Use], state: Float64s) -> None:
        bars, size, column = np.zeros((1, WIDTH)), 0, 0
        width = sum(len(each.refs) for each in uses)
        self._parts = []
        for each in uses:
            assert each.own is not None  # see own_among
            wide, outputs = each.indicator.state_size(each.values), len(each.refs)
            given = state[size : size + wide], np.array(each.params, dtype=np.float64)
            place = column, column + outputs
            run = bind_types(each.own.run, *given, bars, np.zeros((1, width)), *place)
            self._parts.append((run, given, place))
            size, column = size + wide, column + outputs

    def run(self, bars: Float64s, out: Float64s) -> None:
        """Step over bars [n, WIDTH]; write the outputs into out [n, k]."""
        for step, (state, params), (begin, end) in self._parts:
            step(state, params, bars, out, begin, end)

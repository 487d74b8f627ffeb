"""Momentum: how far the close went over a horizon, in points."""

from __future__ import annotations

from assay.kernel.compiling import allocation_free
from assay.signals.streams.columns import CLOSE
from assay.signals.streams.indicator import Indicator, Parameter
from assay.signals.streams.windows import WINDOW, keep_value


@allocation_free
def step(state, params, bar, out):  # type: ignore[no-untyped-def]
    """Write the close less that of `period` bars ago."""
    before = keep_value(state, int(params[0]), bar[CLOSE])
    if state[0] > params[0]:
        out[0] = bar[CLOSE] - before


PLUGIN = Indicator(
    name="momentum",
    parameters=(Parameter("period", 10),),
    outputs=("momentum",),
    state_size=lambda values: WINDOW + int(values["period"]),
    warm_up=lambda values: int(values["period"]) + 1,
    settling=lambda values: int(values["period"]) + 1,
    scale=None,
    step=step,
)

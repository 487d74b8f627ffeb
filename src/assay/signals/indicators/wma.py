"""Linearly weighted moving average of the close, in points."""

from __future__ import annotations

from assay.kernel.compiling import allocation_free
from assay.signals.streams.columns import CLOSE
from assay.signals.streams.indicator import Indicator, Parameter
from assay.signals.streams.windows import WINDOW, keep_value, weigh_kept


@allocation_free
def step(state, params, bar, out):  # type: ignore[no-untyped-def]
    """Write the mean of closes with weights 1, 2, ... period, the newest the heaviest."""
    period = int(params[0])
    keep_value(state, period, bar[CLOSE])
    if state[0] >= period:
        out[0] = weigh_kept(state, period)


PLUGIN = Indicator(
    name="wma",
    parameters=(Parameter("period", 20),),
    outputs=("wma",),
    state_size=lambda values: WINDOW + int(values["period"]),
    warm_up=lambda values: int(values["period"]),
    settling=lambda values: int(values["period"]),
    scale=None,
    step=step,
)

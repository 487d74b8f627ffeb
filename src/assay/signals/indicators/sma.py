"""Simple moving average of the close, in points."""

from __future__ import annotations

from assay.kernel.compiling import allocation_free
from assay.signals.streams.columns import CLOSE
from assay.signals.streams.indicator import Indicator, Parameter
from assay.signals.streams.smoothing import RING, roll_mean


@allocation_free
def step(state, params, bar, out):  # type: ignore[no-untyped-def]
    """Write the mean of the last `period` closes."""
    out[0] = roll_mean(state, int(params[0]), bar[CLOSE])


PLUGIN = Indicator(
    name="sma",
    parameters=(Parameter("period", 20),),
    outputs=("sma",),
    state_size=lambda values: RING + int(values["period"]),
    warm_up=lambda values: int(values["period"]),
    settling=lambda values: int(values["period"]),
    scale=None,
    step=step,
)

"""The spread at the close and its mean, in points."""

from __future__ import annotations

from assay.kernel.compiling import allocation_free
from assay.signals.streams.columns import SPREAD
from assay.signals.streams.indicator import Indicator, Parameter
from assay.signals.streams.smoothing import RING, roll_mean


@allocation_free
def step(state, params, bar, out):  # type: ignore[no-untyped-def]
    """Write the spread and its mean over `period` bars."""
    period = int(params[0])
    mean = roll_mean(state, period, bar[SPREAD])
    if state[0] >= period:
        out[0], out[1] = bar[SPREAD], mean


PLUGIN = Indicator(
    name="spread",
    parameters=(Parameter("period", 60),),
    outputs=("spread", "mean"),
    state_size=lambda values: RING + int(values["period"]),
    warm_up=lambda values: int(values["period"]),
    settling=lambda values: int(values["period"]),
    scale=1.0,
    step=step,
)

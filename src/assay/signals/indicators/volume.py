"""The volume of the bar and its mean, in the units of the source."""

from __future__ import annotations

import math

from assay.kernel.compiling import allocation_free
from assay.signals.streams.columns import VOLUME
from assay.signals.streams.indicator import Indicator, Parameter
from assay.signals.streams.smoothing import RING, roll_mean


@allocation_free
def step(state, params, bar, out):  # type: ignore[no-untyped-def]
    """Write the volume and its mean over `period` bars; an absent volume starts them afresh."""
    period = int(params[0])
    if math.isnan(bar[VOLUME]):
        state[:] = 0.0
        return
    mean = roll_mean(state, period, bar[VOLUME])
    if state[0] >= period:
        out[0], out[1] = bar[VOLUME], mean


PLUGIN = Indicator(
    name="volume",
    parameters=(Parameter("period", 60),),
    outputs=("volume", "mean"),
    state_size=lambda values: RING + int(values["period"]),
    warm_up=lambda values: int(values["period"]),
    settling=lambda values: int(values["period"]),
    scale=1.0,
    step=step,
)

"""How far the close has come from its slow average, in average ranges, held within bounds."""

from __future__ import annotations

import math

import numpy as np

from assay.kernel.compiling import allocation_free
from assay.signals.streams.columns import CLOSE, HIGH, LOW
from assay.signals.streams.indicator import Indicator, Parameter
from assay.signals.streams.smoothing import RING, roll_mean


@allocation_free
def step(state, params, bar, out):
    """Write the distance of the close from the mean of `period` closes, in mean ranges."""
    period = int(params[0])
    mean = roll_mean(state[: RING + period], period, bar[CLOSE])
    reach = roll_mean(state[RING + period :], period, bar[HIGH] - bar[LOW])
    if math.isnan(mean):
        return
    out[0] = np.tanh((bar[CLOSE] - mean) / reach) if reach > 0 else 0.0


PLUGIN = Indicator(
    name="swing",
    parameters=(Parameter("period", 20, least=2, most=500),),
    outputs=("place",),
    state_size=lambda values: 2 * (RING + int(values["period"])),
    warm_up=lambda values: int(values["period"]),
    settling=lambda values: int(values["period"]),
    scale=1.0,
    step=step,
)

"""Accumulation and distribution line, in units of volume (Chaikin).

The running total has no start of its own, so what is given is how it changed over `period` bars:
TA-Lib's total less that of `period` bars ago.
"""

from __future__ import annotations

import math

from assay.kernel.compiling import allocation_free
from assay.signals.streams.columns import VOLUME
from assay.signals.streams.indicator import Indicator, Parameter
from assay.signals.streams.money_flow import money_flow_volume
from assay.signals.streams.smoothing import RING, roll_sum


@allocation_free
def step(state, params, bar, out):  # type: ignore[no-untyped-def]
    """Write the sum over `period` bars of volume times the place of the close, -1 to 1.

    An absent volume starts afresh.
    """
    if math.isnan(bar[VOLUME]):
        state[:] = 0.0
        return
    total = roll_sum(state, int(params[0]), money_flow_volume(bar))
    if state[0] >= params[0]:
        out[0] = total


PLUGIN = Indicator(
    name="accumulation_distribution",
    parameters=(Parameter("period", 20),),
    outputs=("change",),
    state_size=lambda values: RING + int(values["period"]),
    warm_up=lambda values: int(values["period"]),
    settling=lambda values: int(values["period"]),
    scale=1.0,
    step=step,
)

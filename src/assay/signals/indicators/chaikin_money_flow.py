"""Chaikin money flow, -1 to 1 (Chaikin)."""

from __future__ import annotations

import math

from assay.kernel.compiling import allocation_free
from assay.signals.streams.columns import VOLUME
from assay.signals.streams.indicator import Indicator, Parameter
from assay.signals.streams.money_flow import money_flow_volume
from assay.signals.streams.smoothing import RING, roll_sum


@allocation_free
def step(state, params, bar, out):  # type: ignore[no-untyped-def]
    """Write the change of accumulation and distribution over `period` bars per their volume.

    Bars that had no volume give 0. An absent volume starts afresh. State: the two rolling sums.
    """
    if math.isnan(bar[VOLUME]):
        state[:] = 0.0
        return
    period = int(params[0])
    flow = roll_sum(state[: RING + period], period, money_flow_volume(bar))
    volume = roll_sum(state[RING + period :], period, bar[VOLUME])
    if state[0] >= period:
        out[0] = flow / volume if volume > 0 else 0.0


PLUGIN = Indicator(
    name="chaikin_money_flow",
    parameters=(Parameter("period", 21),),
    outputs=("cmf",),
    state_size=lambda values: 2 * (RING + int(values["period"])),
    warm_up=lambda values: int(values["period"]),
    settling=lambda values: int(values["period"]),
    scale=1.0,
    step=step,
)

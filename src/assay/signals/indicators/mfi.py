"""Money flow index, 0 to 100 (Quong and Soudack, Stocks & Commodities, 1989)."""

from __future__ import annotations

import math

from assay.kernel.compiling import allocation_free
from assay.signals.streams.columns import CLOSE, HIGH, LOW, VOLUME
from assay.signals.streams.indicator import Indicator, Parameter
from assay.signals.streams.smoothing import RING, roll_sum


@allocation_free
def step(state, params, bar, out):  # type: ignore[no-untyped-def]
    """Write the share of money flow, typical price times volume, in bars that rose.

    As in TA-Lib a flow below 1 gives 0. An absent volume starts afresh.
    State: bars, the typical price before, the rolling sums of flow up and down.
    """
    if math.isnan(bar[VOLUME]):
        state[:] = 0.0
        return
    period = int(params[0])
    typical = (bar[HIGH] + bar[LOW] + bar[CLOSE]) / 3.0
    change, flow = typical - state[1], typical * bar[VOLUME]
    state[0] += 1
    state[1] = typical
    if state[0] == 1:
        return
    middle = 2 + RING + period
    rise = roll_sum(state[2:middle], period, flow if change > 0 else 0.0)
    fall = roll_sum(state[middle:], period, flow if change < 0 else 0.0)
    if state[0] > period:
        out[0] = 100.0 * (rise / (rise + fall)) if rise + fall >= 1.0 else 0.0


PLUGIN = Indicator(
    name="mfi",
    parameters=(Parameter("period", 14, least=2),),
    outputs=("mfi",),
    state_size=lambda values: 2 + 2 * (RING + int(values["period"])),
    warm_up=lambda values: int(values["period"]) + 1,
    settling=lambda values: int(values["period"]) + 1,
    scale=100.0,
    step=step,
)

"""On-balance volume, in units of the source (Granville, 1963).

The running total has no start of its own, so what is given is how it changed over `period` bars:
TA-Lib's total less that of `period` bars ago.
"""

from __future__ import annotations

import math

from assay.kernel.compiling import allocation_free
from assay.signals.streams.columns import CLOSE, VOLUME
from assay.signals.streams.indicator import Indicator, Parameter
from assay.signals.streams.smoothing import RING, roll_sum


@allocation_free
def step(state, params, bar, out):  # type: ignore[no-untyped-def]
    """Write the volume of bars that closed higher less that of those that closed lower.

    An absent volume starts afresh. State: bars, the close before, the rolling sum.
    """
    if math.isnan(bar[VOLUME]):
        state[:] = 0.0
        return
    change = bar[CLOSE] - state[1]
    state[0] += 1
    state[1] = bar[CLOSE]
    if state[0] == 1:
        return
    signed = bar[VOLUME] if change > 0 else -bar[VOLUME] if change < 0 else 0.0
    total = roll_sum(state[2:], int(params[0]), signed)
    if state[0] > params[0]:
        out[0] = total


PLUGIN = Indicator(
    name="obv",
    parameters=(Parameter("period", 20),),
    outputs=("change",),
    state_size=lambda values: 2 + RING + int(values["period"]),
    warm_up=lambda values: int(values["period"]) + 1,
    settling=lambda values: int(values["period"]) + 1,
    scale=1.0,
    step=step,
)

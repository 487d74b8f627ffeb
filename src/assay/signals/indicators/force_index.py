"""Force index, in points times units of volume (Elder, Trading for a Living, 1993)."""

from __future__ import annotations

import math

from assay.kernel.compiling import allocation_free
from assay.signals.streams.columns import CLOSE, VOLUME
from assay.signals.streams.indicator import Indicator, Parameter, forget_ema
from assay.signals.streams.smoothing import smooth_ema


@allocation_free
def step(state, params, bar, out):  # type: ignore[no-untyped-def]
    """Write the exponential average of the change of the close times the volume.

    An absent volume starts afresh. State: bars, the close before, the average.
    """
    if math.isnan(bar[VOLUME]):
        state[:] = 0.0
        return
    change = bar[CLOSE] - state[1]
    state[0] += 1
    state[1] = bar[CLOSE]
    if state[0] > 1:
        out[0] = smooth_ema(state[2:4], params[0], change * bar[VOLUME])


PLUGIN = Indicator(
    name="force_index",
    parameters=(Parameter("period", 13),),
    outputs=("force",),
    state_size=lambda _: 4,
    warm_up=lambda values: int(values["period"]) + 1,
    # Twice: a force is in the thousands and more, and its scale is 1.
    settling=lambda values: int(values["period"]) + 1 + 2 * forget_ema(values["period"]),
    scale=1.0,
    step=step,
)

"""How far prices move for their volume: the illiquidity of Amihud (2002)."""

from __future__ import annotations

import math

from assay.kernel.compiling import allocation_free
from assay.signals.streams.columns import CLOSE, VOLUME
from assay.signals.streams.indicator import Indicator, Parameter
from assay.signals.streams.smoothing import RING, roll_sum

MILLION = 1e6


@allocation_free
def step(state, params, bar, out):  # type: ignore[no-untyped-def]
    """Write the mean of |return| per unit of volume over `period` bars, in millionths.

    The mean is over the bars that had volume, as Amihud's; where none had, it is 0. A return on a
    price at or below 0 counts as no move. An absent volume starts afresh.
    State: bars, the close before, the rolling sums of impacts and of bars with volume.
    """
    volume = bar[VOLUME]
    if math.isnan(volume):
        state[:] = 0.0
        return
    period, before, close = int(params[0]), state[1], bar[CLOSE]
    state[0] += 1
    state[1] = close
    if state[0] == 1:
        return
    ratio = abs(close / before - 1.0) if close > 0 and before > 0 else 0.0
    middle = 2 + RING + period
    total = roll_sum(state[2:middle], period, MILLION * ratio / volume if volume > 0 else 0.0)
    bars = roll_sum(state[middle:], period, 1.0 if volume > 0 else 0.0)
    if state[0] > period:
        out[0] = total / bars if bars > 0 else 0.0


PLUGIN = Indicator(
    name="price_impact",
    parameters=(Parameter("period", 60),),
    outputs=("impact",),
    state_size=lambda values: 2 + 2 * (RING + int(values["period"])),
    warm_up=lambda values: int(values["period"]) + 1,
    settling=lambda values: int(values["period"]) + 1,
    scale=1.0,
    step=step,
)

"""Realised volatility of one bar: the root mean square of log returns (Andersen et al. 2003)."""

from __future__ import annotations

import math

from assay.kernel.compiling import allocation_free
from assay.signals.streams.columns import CLOSE
from assay.signals.streams.indicator import Indicator, Parameter
from assay.signals.streams.smoothing import RING, roll_mean


@allocation_free
def step(state, params, bar, out):  # type: ignore[no-untyped-def]
    """Write the volatility over `period` returns as a ratio, and at this close in points.

    A price at or below 0 has no log return and counts as no move.
    """
    before, close = state[1], bar[CLOSE]
    state[1] = close
    state[0] += 1
    if state[0] == 1:
        return
    change = math.log(close / before) if close > 0 and before > 0 else 0.0
    mean = roll_mean(state[2:], int(params[0]), change * change)
    if state[0] > params[0]:
        out[0] = math.sqrt(max(mean, 0.0))
        out[1] = out[0] * abs(close)


PLUGIN = Indicator(
    name="realised_volatility",
    parameters=(Parameter("period", 60, least=2),),
    outputs=("ratio", "points"),
    state_size=lambda values: 2 + RING + int(values["period"]),
    warm_up=lambda values: int(values["period"]) + 1,
    settling=lambda values: int(values["period"]) + 1,
    scale=1.0,
    step=step,
)

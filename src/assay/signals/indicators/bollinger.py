"""Bollinger bands around the mean of the close, in points (Bollinger, 2001)."""

from __future__ import annotations

import math

from assay.kernel.compiling import allocation_free
from assay.signals.streams.columns import CLOSE
from assay.signals.streams.indicator import Indicator, Parameter


@allocation_free
def step(state, params, bar, out):  # type: ignore[no-untyped-def]
    """Write the mean of the last closes and `deviations` standard deviations to either side.

    State: bars, place, a ring of closes.
    """
    period, at = int(params[0]), int(state[1])
    state[2 + at] = bar[CLOSE]
    state[0] += 1
    state[1] = at + 1 if at + 1 < period else 0
    if state[0] < period:
        return
    mean = squares = 0.0
    for k in range(2, 2 + period):
        mean += state[k]
    mean /= period
    for k in range(2, 2 + period):
        squares += (state[k] - mean) ** 2
    width = params[1] * math.sqrt(squares / period)
    out[0], out[1], out[2] = mean + width, mean, mean - width


PLUGIN = Indicator(
    name="bollinger",
    parameters=(
        Parameter("period", 20, least=2),
        Parameter("deviations", 2, least=0.01, most=100, is_whole=False),
    ),
    outputs=("upper", "middle", "lower"),
    state_size=lambda values: 2 + int(values["period"]),
    warm_up=lambda values: int(values["period"]),
    settling=lambda values: int(values["period"]),
    scale=None,
    step=step,
)

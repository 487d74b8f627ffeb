"""Donchian channel, in points (Donchian, 1960; the four-week rule)."""

from __future__ import annotations

from assay.kernel.compiling import allocation_free
from assay.signals.streams.columns import HIGH, LOW
from assay.signals.streams.indicator import Indicator, Parameter


@allocation_free
def step(state, params, bar, out):  # type: ignore[no-untyped-def]
    """Write the highest high, the middle and the lowest low of `period` bars, this one included.

    State: bars, place, a ring of highs, a ring of lows.
    """
    period, at = int(params[0]), int(state[1])
    state[0] += 1
    state[1] = at + 1 if at + 1 < period else 0
    state[2 + at] = bar[HIGH]
    state[2 + period + at] = bar[LOW]
    if state[0] < period:
        return
    highest, lowest = bar[HIGH], bar[LOW]
    for k in range(2, 2 + period):
        highest = max(highest, state[k])
        lowest = min(lowest, state[k + period])
    out[0], out[1], out[2] = highest, (highest + lowest) / 2.0, lowest


PLUGIN = Indicator(
    name="donchian",
    parameters=(Parameter("period", 20),),
    outputs=("upper", "middle", "lower"),
    state_size=lambda values: 2 + 2 * int(values["period"]),
    warm_up=lambda values: int(values["period"]),
    settling=lambda values: int(values["period"]),
    scale=None,
    step=step,
)

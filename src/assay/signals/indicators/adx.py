"""Directional movement, 0 to 100 (Wilder, New Concepts in Technical Trading Systems, 1978)."""

from __future__ import annotations

from assay.kernel.compiling import allocation_free
from assay.signals.streams.columns import CLOSE, HIGH, LOW
from assay.signals.streams.indicator import Indicator, Parameter, forget_wilder
from assay.signals.streams.smoothing import true_range


@allocation_free
def step(state, params, bar, out):  # type: ignore[no-untyped-def]
    """Write the average directional index and the two directional indicators it comes from.

    State: bars, high, low and close before, sums of rises, falls and true ranges, the index.
    """
    period = params[0]
    bars = state[0]
    up, down = bar[HIGH] - state[1], state[2] - bar[LOW]
    reach = true_range(bar[HIGH], bar[LOW], state[3])
    state[0] = bars + 1
    state[1], state[2], state[3] = bar[HIGH], bar[LOW], bar[CLOSE]
    if bars == 0:
        return
    if bars >= period:
        for k in range(4, 7):
            state[k] -= state[k] / period
    if up > 0 and up > down:
        state[4] += up
    if down > 0 and down > up:
        state[5] += down
    state[6] += reach
    if bars < period:
        return
    plus = minus = 0.0
    if state[6] > 0:
        plus, minus = 100.0 * (state[4] / state[6]), 100.0 * (state[5] / state[6])
    if plus + minus > 0:
        spread = 100.0 * (abs(plus - minus) / (plus + minus))
        keeps = period - 1 if bars >= 2 * period else period
        state[7] = (state[7] * keeps + spread) / period
    if bars >= 2 * period - 1:
        out[0], out[1], out[2] = state[7], plus, minus


PLUGIN = Indicator(
    name="adx",
    parameters=(Parameter("period", 14, least=2),),
    outputs=("adx", "plus", "minus"),
    state_size=lambda _: 8,
    warm_up=lambda values: 2 * int(values["period"]),
    settling=lambda values: 2 * int(values["period"]) + 2 * forget_wilder(values["period"]),
    scale=100.0,
    step=step,
)

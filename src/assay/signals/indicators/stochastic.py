"""Slow stochastic oscillator, 0 to 100 (Lane)."""

from __future__ import annotations

from assay.kernel.compiling import allocation_free
from assay.signals.streams.columns import CLOSE, HIGH, LOW
from assay.signals.streams.indicator import Indicator, Parameter, Values
from assay.signals.streams.smoothing import RING, roll_mean


@allocation_free
def step(state, params, bar, out):  # type: ignore[no-untyped-def]
    """Write %K, the smoothed place of the close in the range of `period` bars, and its mean %D.

    State: bars, place, a ring of highs, a ring of lows, and those of the two means.
    """
    period, smooth, signal = int(params[0]), int(params[1]), int(params[2])
    at = int(state[1])
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
    place = (bar[CLOSE] - lowest) / ((highest - lowest) / 100.0) if highest > lowest else 0.0
    first = 2 + 2 * period
    middle = first + RING + smooth
    slow = roll_mean(state[first:middle], smooth, place)
    if state[0] < period + smooth - 1:
        return
    mean = roll_mean(state[middle:], signal, slow)
    if state[0] >= period + smooth + signal - 2:
        out[0], out[1] = slow, mean


def _warm_up(values: Values) -> int:
    return int(values["period"] + values["smooth"] + values["signal"]) - 2


PLUGIN = Indicator(
    name="stochastic",
    parameters=(Parameter("period", 14), Parameter("smooth", 3), Parameter("signal", 3)),
    outputs=("k", "d"),
    state_size=lambda values: (
        2 * (1 + RING + int(values["period"])) + int(values["smooth"]) + int(values["signal"])
    ),
    warm_up=_warm_up,
    settling=_warm_up,
    scale=100.0,
    step=step,
)

"""How long ago the highest and lowest price were, 0 to 100 (Chande, TASC, September 1995)."""

from __future__ import annotations

from assay.kernel.compiling import allocation_free
from assay.signals.streams.columns import HIGH, LOW
from assay.signals.streams.indicator import Indicator, Parameter
from assay.signals.streams.windows import WINDOW, keep_value


@allocation_free
def bars_since_highest(state, span, sign):  # type: ignore[no-untyped-def]
    """Return the bars since the highest of sign x value in a full ring, the newest of equals."""
    newest = int(state[1]) - 1 if state[1] > 0 else span - 1
    highest, since = sign * state[WINDOW + newest], 0
    for age in range(1, span):
        at = newest - age if newest >= age else newest - age + span
        if sign * state[WINDOW + at] > highest:
            highest, since = sign * state[WINDOW + at], age
    return since


@allocation_free
def step(state, params, bar, out):  # type: ignore[no-untyped-def]
    """Write up and down, the share of `period` bars since the extreme of period + 1, and up - down.

    Each is 100 (period - bars since) / period.
    """
    period = int(params[0])
    span = period + 1
    highs, lows = state[: WINDOW + span], state[WINDOW + span :]
    keep_value(highs, span, bar[HIGH])
    keep_value(lows, span, bar[LOW])
    if highs[0] < span:
        return
    up = 100.0 * (period - bars_since_highest(highs, span, 1.0)) / period
    down = 100.0 * (period - bars_since_highest(lows, span, -1.0)) / period
    out[0], out[1], out[2] = up, down, up - down


PLUGIN = Indicator(
    name="aroon",
    parameters=(Parameter("period", 14, least=2),),
    outputs=("up", "down", "oscillator"),
    state_size=lambda values: 2 * (WINDOW + 1 + int(values["period"])),
    warm_up=lambda values: int(values["period"]) + 1,
    settling=lambda values: int(values["period"]) + 1,
    scale=100.0,
    step=step,
)

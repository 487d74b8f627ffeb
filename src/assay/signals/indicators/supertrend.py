"""Supertrend, a stop that follows the price at a multiple of its range, in points (Seban)."""

from __future__ import annotations

import math

from assay.kernel.compiling import allocation_free
from assay.signals.streams.columns import CLOSE, HIGH, LOW
from assay.signals.streams.indicator import Indicator, Parameter, Values, forget_wilder
from assay.signals.streams.smoothing import smooth_wilder, true_range

CLOSE_BEFORE, SIDE, LOWER, UPPER, AVERAGE = range(1, 6)


@allocation_free
def step(state, params, bar, out):  # type: ignore[no-untyped-def]
    """Write the stop and its side, 1 under rising prices and -1 over falling ones.

    The bands lie `multiplier` average true ranges (Wilder's) from (high + low) / 2. The lower only
    rises and the upper only falls until the close before is beyond them; a close beyond the stop
    turns the side, which begins as -1.
    State: bars, close before, side, the two bands, the average true range.
    """
    period, before, close = params[0], state[CLOSE_BEFORE], bar[CLOSE]
    state[0] += 1
    state[CLOSE_BEFORE] = close
    if state[0] == 1:
        return
    reach = true_range(bar[HIGH], bar[LOW], before)
    width = params[1] * smooth_wilder(state[AVERAGE:], period, reach)
    if state[0] <= period:
        return
    middle = (bar[HIGH] + bar[LOW]) / 2.0
    lower, upper = middle - width, middle + width
    if state[0] == period + 1:
        state[SIDE] = -1.0
    else:
        if before >= state[LOWER]:
            lower = max(lower, state[LOWER])
        if before <= state[UPPER]:
            upper = min(upper, state[UPPER])
        if state[SIDE] < 0 and close > upper:
            state[SIDE] = 1.0
        elif state[SIDE] > 0 and close < lower:
            state[SIDE] = -1.0
    state[LOWER], state[UPPER] = lower, upper
    out[0], out[1] = lower if state[SIDE] > 0 else upper, state[SIDE]


def _settling(values: Values) -> int:
    # After the average forgot, two starts agree once the close broke the same bands. On walks 99 %
    # do within 6 multiplier² bars, and the rest falls tenfold with every 3 multiplier².
    period, multiplier = values["period"], max(values["multiplier"], 1.0)
    return int(period) + 1 + forget_wilder(period) + math.ceil(40 * multiplier**2)


PLUGIN = Indicator(
    name="supertrend",
    parameters=(
        Parameter("period", 10, least=2),
        Parameter("multiplier", 3, least=0.1, most=20, is_whole=False),
    ),
    outputs=("supertrend", "side"),
    state_size=lambda _: 7,
    warm_up=lambda values: int(values["period"]) + 1,
    settling=_settling,
    scale=None,
    step=step,
)

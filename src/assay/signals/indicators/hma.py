"""Moving average of the close with little lag, in points (Hull, 2005)."""

from __future__ import annotations

import math

from assay.kernel.compiling import allocation_free
from assay.signals.streams.columns import CLOSE
from assay.signals.streams.indicator import Indicator, Parameter, Values
from assay.signals.streams.windows import WINDOW, keep_value, weigh_kept


@allocation_free
def step(state, params, bar, out):  # type: ignore[no-untyped-def]
    """Write wma(2 wma(close, period / 2) - wma(close, period), sqrt(period)).

    Both shorter periods are cut to whole bars, as Hull has it.
    """
    period = int(params[0])
    half, last = period // 2, int(math.sqrt(params[0]))
    first = WINDOW + period
    second = first + WINDOW + half
    keep_value(state[:first], period, bar[CLOSE])
    keep_value(state[first:second], half, bar[CLOSE])
    if state[0] < period:
        return
    ahead = 2.0 * weigh_kept(state[first:second], half) - weigh_kept(state[:first], period)
    keep_value(state[second:], last, ahead)
    if state[second] >= last:
        out[0] = weigh_kept(state[second:], last)


def _warm_up(values: Values) -> int:
    return int(values["period"]) + math.isqrt(int(values["period"])) - 1


def _state_size(values: Values) -> int:
    period = int(values["period"])
    return 3 * WINDOW + period + period // 2 + math.isqrt(period)


PLUGIN = Indicator(
    name="hma",
    parameters=(Parameter("period", 20, least=2),),
    outputs=("hma",),
    state_size=_state_size,
    warm_up=_warm_up,
    settling=_warm_up,
    scale=None,
    step=step,
)

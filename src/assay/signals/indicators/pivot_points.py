"""Floor traders' pivot points of the last trading day, in points (Person, 2004).

A trading day goes from 17:00 to 17:00 in New York; the last one is the last that had bars.
"""

from __future__ import annotations

from assay.kernel.compiling import allocation_free
from assay.signals.streams.columns import CLOSE, HIGH, LOW, WALL
from assay.signals.streams.indicator import Indicator, Parameter
from assay.signals.streams.trading_day import most_bars_of_a_day, trading_day

COUNT, DAY, DAYS, NOW, LAST = 0, 1, 2, 3, 6
"""Words of state: bars, day, days ended; high, low and close of this day and of the last."""


@allocation_free
def step(state, params, bar, out):  # type: ignore[no-untyped-def]
    """Write pivot, first and second resistance, first and second support of the last trading day.

    The pivot is the mean of its high, low and close. Before the first day has ended they are those
    of the day so far. `bars_a_day` tells when the start no longer shows and changes no value.
    """
    day = trading_day(bar[WALL])
    if state[COUNT] > 0 and day != state[DAY]:
        state[DAYS] += 1
        for k in range(3):
            state[LAST + k] = state[NOW + k]
    if state[COUNT] == 0 or day != state[DAY]:
        state[DAY], state[NOW], state[NOW + 1] = day, bar[HIGH], bar[LOW]
    state[COUNT] += 1
    state[NOW] = max(state[NOW], bar[HIGH])
    state[NOW + 1] = min(state[NOW + 1], bar[LOW])
    state[NOW + 2] = bar[CLOSE]
    first = LAST if state[DAYS] > 0 else NOW
    high, low, close = state[first], state[first + 1], state[first + 2]
    pivot = (high + low + close) / 3.0
    out[0] = pivot
    out[1], out[2] = 2.0 * pivot - low, pivot + (high - low)
    out[3], out[4] = 2.0 * pivot - high, pivot - (high - low)


PLUGIN = Indicator(
    name="pivot_points",
    parameters=(Parameter("bars_a_day", 1440, most=86_400),),
    outputs=("pivot", "r1", "r2", "s1", "s2"),
    state_size=lambda _: LAST + 3,
    warm_up=lambda _: 1,
    settling=lambda values: 2 * most_bars_of_a_day(values) + 1,
    scale=None,
    step=step,
)

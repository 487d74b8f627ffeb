"""Volume-weighted average price of the trading day, in points (Berkowitz, Logue, Noser 1988)."""

from __future__ import annotations

import math

from assay.kernel.compiling import allocation_free
from assay.signals.streams.columns import CLOSE, HIGH, LOW, VOLUME, WALL
from assay.signals.streams.indicator import Indicator, Parameter
from assay.signals.streams.trading_day import most_bars_of_a_day, trading_day


@allocation_free
def step(state, params, bar, out):  # type: ignore[no-untyped-def]
    """Write the mean of typical prices weighted by volume since 17:00 in New York.

    The typical price is the mean of high, low and close; before the day has volume it is that of
    the bar. An absent volume starts the sums afresh. `bars_a_day` tells when the start no longer
    shows and changes no value. State: bars, day, sum of price times volume, sum of volumes.
    """
    if math.isnan(bar[VOLUME]):
        state[:] = 0.0
        return
    day = trading_day(bar[WALL])
    if state[0] == 0 or day != state[1]:
        state[2] = state[3] = 0.0
    typical = (bar[HIGH] + bar[LOW] + bar[CLOSE]) / 3.0
    state[0], state[1] = 1.0, day
    state[2] += typical * bar[VOLUME]
    state[3] += bar[VOLUME]
    out[0] = state[2] / state[3] if state[3] > 0 else typical


PLUGIN = Indicator(
    name="vwap",
    parameters=(Parameter("bars_a_day", 1440, most=86_400),),
    outputs=("vwap",),
    state_size=lambda _: 4,
    warm_up=lambda _: 1,
    settling=lambda values: most_bars_of_a_day(values) + 1,
    scale=None,
    step=step,
)

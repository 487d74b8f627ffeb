"""Realised volatility from quote to quote: root of the sum of squared moves of the mid, in points.

Every quote counts (Andersen et al. 2003), so what quotes do back and forth is in it too; beside the
volatility of closes it tells how much that is.
"""

from __future__ import annotations

import math

from assay.kernel.compiling import allocation_free
from assay.signals.streams.columns import MID_SQUARES
from assay.signals.streams.indicator import Indicator, Parameter
from assay.signals.streams.smoothing import RING, roll_mean


@allocation_free
def step(state, params, bar, out):  # type: ignore[no-untyped-def]
    """Write the root of the squared moves that a bar had on average over `period` bars.

    An absent sum starts afresh. The first quote of a bar moved from the last of the bar before.
    """
    if math.isnan(bar[MID_SQUARES]):
        state[:] = 0.0
        return
    # The squares are of bid plus ask, twice the mid.
    mean = roll_mean(state, int(params[0]), bar[MID_SQUARES] / 4.0)
    if state[0] >= params[0]:
        out[0] = math.sqrt(mean)


PLUGIN = Indicator(
    name="quote_volatility",
    parameters=(Parameter("period", 60),),
    outputs=("points",),
    state_size=lambda values: RING + int(values["period"]),
    warm_up=lambda values: int(values["period"]),
    settling=lambda values: int(values["period"]),
    scale=1.0,
    step=step,
    inputs=("mid_squares",),
)

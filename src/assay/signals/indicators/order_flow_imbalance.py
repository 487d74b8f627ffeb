"""Order-flow imbalance at the best quote (Cont, Kukanov and Stoikov 2014).

What was added to the best bid and taken from the best ask, less the other way, as the sizes of the
quotes tell it: orders, cancellations and trades alike, so it needs no trades.
"""

from __future__ import annotations

import math

from assay.kernel.compiling import allocation_free
from assay.kernel.flow import SIZE_SCALE
from assay.signals.streams.columns import ASK_DEPTHS, BID_DEPTHS, ORDER_FLOW, QUOTES
from assay.signals.streams.indicator import Indicator, Parameter
from assay.signals.streams.smoothing import RING, roll_sum


@allocation_free
def step(state, params, bar, out):  # type: ignore[no-untyped-def]
    """Write the flow of `period` bars in units of the feed, and in mean sizes of a side.

    The mean size is that of both sides over the quotes of the same bars: by it the paper divides,
    to tell how far a flow moves the price. A bar with a quote without sizes starts afresh.
    State: bars, the rolling sums of flow, of sizes and of quotes.
    """
    depths = bar[BID_DEPTHS] + bar[ASK_DEPTHS]
    if math.isnan(bar[QUOTES] + bar[ORDER_FLOW] + depths):
        state[:] = 0.0
        return
    period = int(params[0])
    wide = RING + period
    state[0] += 1
    flow = roll_sum(state[1 : 1 + wide], period, bar[ORDER_FLOW])
    sizes = roll_sum(state[1 + wide : 1 + 2 * wide], period, depths)
    quotes = roll_sum(state[1 + 2 * wide :], period, bar[QUOTES])
    if state[0] >= period:
        out[0] = flow / SIZE_SCALE
        out[1] = flow * (2.0 * quotes) / sizes


PLUGIN = Indicator(
    name="order_flow_imbalance",
    parameters=(Parameter("period", 20),),
    outputs=("flow", "depths"),
    state_size=lambda values: 1 + 3 * (RING + int(values["period"])),
    warm_up=lambda values: int(values["period"]),
    settling=lambda values: int(values["period"]),
    scale=1.0,
    step=step,
    inputs=("quotes", "order_flow", "bid_depths", "ask_depths"),
)

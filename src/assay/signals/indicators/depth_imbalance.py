"""How much more is bid for than offered at the best quote, -1 to 1 (Gould and Bonart 2016)."""

from __future__ import annotations

import math

from assay.kernel.compiling import allocation_free
from assay.signals.streams.columns import ASK_DEPTH, ASK_DEPTHS, BID_DEPTH, BID_DEPTHS
from assay.signals.streams.indicator import Indicator, Parameter
from assay.signals.streams.smoothing import RING, roll_sum


@allocation_free
def step(state, params, bar, out):  # type: ignore[no-untyped-def]
    """Write (bid - ask) / (bid + ask) of the sizes quoted last, and of all sizes of `period` bars.

    Every quote counts once, however long it stood. A bar with a quote without sizes starts afresh.
    State: bars, the rolling sums of bid and ask sizes.
    """
    best = bar[BID_DEPTH] + bar[ASK_DEPTH]
    if math.isnan(best + bar[BID_DEPTHS] + bar[ASK_DEPTHS]):
        state[:] = 0.0
        return
    period = int(params[0])
    middle = 1 + RING + period
    state[0] += 1
    bids = roll_sum(state[1:middle], period, bar[BID_DEPTHS])
    asks = roll_sum(state[middle:], period, bar[ASK_DEPTHS])
    if state[0] >= period:
        out[0] = (bar[BID_DEPTH] - bar[ASK_DEPTH]) / best
        out[1] = (bids - asks) / (bids + asks)


PLUGIN = Indicator(
    name="depth_imbalance",
    parameters=(Parameter("period", 20),),
    outputs=("close", "mean"),
    state_size=lambda values: 1 + 2 * (RING + int(values["period"])),
    warm_up=lambda values: int(values["period"]),
    settling=lambda values: int(values["period"]),
    scale=1.0,
    step=step,
    inputs=("bid_depth", "ask_depth", "bid_depths", "ask_depths"),
)

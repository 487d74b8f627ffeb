"""The micro-price at the close: the mid weighted by the sizes at the best quote, in points.

A larger bid pulls it up, since a bid that is larger is used up later. The name is that of Stoikov
(2018), whose own price goes on from this weighted mid, his first approximation, by learnt moves.
"""

from __future__ import annotations

import math

from assay.kernel.compiling import allocation_free
from assay.signals.streams.columns import ASK_DEPTH, BID_DEPTH, CLOSE, SPREAD
from assay.signals.streams.indicator import Indicator


@allocation_free
def step(state, params, bar, out):  # type: ignore[no-untyped-def]
    """Write (ask x bid size + bid x ask size) / (bid size + ask size), and how far above the mid.

    Both are absent where the last quote has no sizes.
    """
    depths = bar[BID_DEPTH] + bar[ASK_DEPTH]
    if math.isnan(depths):
        return
    share = bar[BID_DEPTH] / depths
    out[0] = bar[CLOSE] + bar[SPREAD] * share
    out[1] = bar[SPREAD] * (share - 0.5)


PLUGIN = Indicator(
    name="micro_price",
    parameters=(),
    outputs=("price", "offset"),
    state_size=lambda _: 0,
    warm_up=lambda _: 1,
    settling=lambda _: 1,
    scale=1.0,
    step=step,
    inputs=("bid_depth", "ask_depth"),
)

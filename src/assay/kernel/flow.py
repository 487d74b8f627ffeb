"""What the quotes inside a bar did beside its prices: the columns that market and signals share.

All are whole numbers, so that sums are exact in any order. Moves are of bid plus ask, in points,
which is twice the mid; sizes are in millionths of the feed's unit.
"""

from __future__ import annotations

FLOW_COLUMNS = (
    "quotes", "mid_squares", "order_flow", "bid_depth", "ask_depth", "bid_depths", "ask_depths",
)  # fmt: skip
"""Number of quotes; sum of squared moves of bid plus ask; order flow (Cont, Kukanov and Stoikov
2014); sizes quoted last; sums of the sizes quoted."""

QUOTES, MID_SQUARES, ORDER_FLOW, BID_DEPTH, ASK_DEPTH, BID_DEPTHS, ASK_DEPTHS = range(7)

ABSENT = -(2**63)
"""Stands in a column for what the quotes do not tell; a message says None, a row of floats NaN."""

SIZE_SCALE = 1_000_000
"""Units of a size of 1."""

SUM_MOST = 2**61
"""A sum beyond this is ABSENT, so that none wraps."""

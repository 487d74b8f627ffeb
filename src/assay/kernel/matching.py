"""When a price triggers an order, and at what price it fills.

A buy looks at the ask and a sell at the bid; a gap fills at the first price after it.
"""

from __future__ import annotations

from assay.kernel.compiling import compiled
from assay.kernel.records import LIMIT, TAKE_PROFIT

NEVER = 2**62
"""Distance of an order that a stretch of the path does not reach."""


@compiled
def distance_to_trigger(order_type, buys, trigger, start, end):  # type: ignore[no-untyped-def]
    """Return how far a price going from start to end travels before it triggers the order.

    0 means that start is already there (a gap); NEVER that the stretch does not reach it.
    """
    falls = (order_type in (LIMIT, TAKE_PROFIT)) == buys
    if falls:
        if start <= trigger:
            return 0
        return start - trigger if end <= trigger else NEVER
    if start >= trigger:
        return 0
    return trigger - start if end >= trigger else NEVER

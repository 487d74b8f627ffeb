"""Deny a new risk that repeats the last order of its instrument too soon (nanoseconds)."""

from __future__ import annotations

from assay.kernel.compiling import compiled
from assay.trading.risk.verdict import AT_LEAST, UNCOUNTED, bound_risk, unbound

CODE = 119
REASON = "duplicate_order"
PARAMETERS: tuple[str, ...] = ("duplicate_window",)
UNIT = "nanoseconds"


@compiled
def check(order, account, position, market, instrument, limits):  # type: ignore[no-untyped-def]
    """Deny a new risk that repeats the last order of its instrument too soon (nanoseconds)."""
    limit, age = limits.duplicate_window, order.ts - position.last_ts
    if limit == 0:
        return unbound(AT_LEAST, UNCOUNTED)
    same = order.quantity == position.last_quantity and order.type == position.last_type
    if not same or order.price != position.last_price:
        return bound_risk(True, AT_LEAST, UNCOUNTED, limit, order.reduces)
    return bound_risk(age >= limit, AT_LEAST, age, limit, order.reduces)

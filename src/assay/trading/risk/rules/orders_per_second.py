"""Deny a new risk that would be more orders in a second than the limit."""

from __future__ import annotations

from assay.kernel.compiling import compiled
from assay.trading.risk.verdict import AT_MOST, UNCOUNTED, bound_risk, unbound

CODE = 117
REASON = "orders_per_second"
PARAMETERS: tuple[str, ...] = ("second_orders_max",)
UNIT = "orders"


@compiled
def check(order, account, position, market, instrument, limits):  # type: ignore[no-untyped-def]
    """Deny a new risk that would be more orders in a second than the limit."""
    limit = limits.second_orders_max
    if limit == 0:
        return unbound(AT_MOST, UNCOUNTED)
    # Each order that passed owes its share of the span, and time pays it off.
    cost = 1_000_000_000 // limit
    owed = max(account.second_debt - max(order.ts - account.pace_ts, 0), 0)
    orders = (owed + cost - 1) // cost + 1
    return bound_risk(orders <= limit, AT_MOST, orders, limit, order.reduces)

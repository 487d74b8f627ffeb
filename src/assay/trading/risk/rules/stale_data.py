"""Deny an order on a price older than the limit (nanoseconds)."""

from __future__ import annotations

from assay.kernel.compiling import compiled
from assay.trading.risk.verdict import AT_MOST, bound, unbound

CODE = 103
REASON = "stale_data"
PARAMETERS: tuple[str, ...] = ("age_max",)
UNIT = "nanoseconds"


@compiled
def check(order, account, position, market, instrument, limits):  # type: ignore[no-untyped-def]
    """Deny an order on a price older than the limit (nanoseconds)."""
    age, limit = order.ts - market.ts, limits.age_max
    if limit == 0:
        return unbound(AT_MOST, age)
    return bound(age <= limit, AT_MOST, age, limit)

"""Deny an order on a price older than the limit (nanoseconds)."""

from __future__ import annotations

from assay.kernel.compiling import compiled

CODE = 103
REASON = "stale_data"
PARAMETERS: tuple[str, ...] = ("age_max",)


@compiled
def allows(order, account, position, market, instrument, limits):  # type: ignore[no-untyped-def]
    """Deny an order on a price older than the limit (nanoseconds)."""
    return limits.age_max == 0 or order.ts - market.ts <= limits.age_max

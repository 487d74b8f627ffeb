"""Deny an order that would leave more units open on both sides together than the limit."""

from __future__ import annotations

from assay.kernel.compiling import compiled
from assay.trading.risk.verdict import AT_MOST, bound_risk, unbound

CODE = 132
REASON = "gross_volume"
PARAMETERS: tuple[str, ...] = ("gross_max",)
UNIT = "units"


@compiled
def check(order, account, position, market, instrument, limits):  # type: ignore[no-untyped-def]
    """Deny an order that would leave more units open on both sides together than the limit."""
    after, limit = account.gross_units, limits.gross_max
    if limit == 0:
        return unbound(AT_MOST, after)
    return bound_risk(0 < after <= limit, AT_MOST, after, limit, order.reduces)

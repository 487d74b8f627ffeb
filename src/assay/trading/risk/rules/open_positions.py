"""Deny an order that may leave more positions open in the account than the limit."""

from __future__ import annotations

from assay.kernel.compiling import compiled
from assay.trading.risk.verdict import AT_MOST, bound_risk, unbound

CODE = 133
REASON = "open_positions"
PARAMETERS: tuple[str, ...] = ("positions_max",)
UNIT = "positions"


@compiled
def check(order, account, position, market, instrument, limits):  # type: ignore[no-untyped-def]
    """Deny an order that may leave more positions open in the account than the limit."""
    after, limit = account.open_positions, limits.positions_max
    if limit == 0:
        return unbound(AT_MOST, after)
    return bound_risk(0 < after <= limit, AT_MOST, after, limit, order.reduces)

"""Deny a new risk whose order has more units than the limit."""

from __future__ import annotations

from assay.kernel.compiling import compiled
from assay.trading.risk.verdict import AT_MOST, bound_risk, unbound

CODE = 114
REASON = "order_volume"
PARAMETERS: tuple[str, ...] = ("order_max",)
UNIT = "units"


@compiled
def check(order, account, position, market, instrument, limits):  # type: ignore[no-untyped-def]
    """Deny a new risk whose order has more units than the limit."""
    units, limit = abs(order.quantity), limits.order_max
    if limit == 0:
        return unbound(AT_MOST, units)
    return bound_risk(units <= limit, AT_MOST, units, limit, order.reduces)

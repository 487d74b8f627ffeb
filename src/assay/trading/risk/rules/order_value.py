"""Deny a new risk whose order is worth more than the limit (minor units)."""

from __future__ import annotations

from assay.kernel.compiling import compiled
from assay.kernel.rounding import OVERFLOW
from assay.trading.risk.verdict import AT_MOST, UNCOUNTED, bound_risk, unbound

CODE = 115
REASON = "order_value"
PARAMETERS: tuple[str, ...] = ("order_value_max",)
UNIT = "money"


@compiled
def check(order, account, position, market, instrument, limits):  # type: ignore[no-untyped-def]
    """Deny a new risk whose order is worth more than the limit (minor units)."""
    value, limit = account.order_value, limits.order_value_max
    if limit == 0:
        return unbound(AT_MOST, UNCOUNTED)
    holds = value != OVERFLOW and value <= limit
    return bound_risk(holds, AT_MOST, value, limit, order.reduces)

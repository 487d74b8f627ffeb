"""Deny an order that would leave more units in one instrument than the limit."""

from __future__ import annotations

from assay.kernel.compiling import compiled
from assay.kernel.records import OPENS
from assay.trading.risk.verdict import AT_MOST, bound_risk, unbound

CODE = 107
REASON = "position_limit"
PARAMETERS: tuple[str, ...] = ("position_max",)
UNIT = "units"


@compiled
def check(order, account, position, market, instrument, limits):  # type: ignore[no-untyped-def]
    """Deny an order that would leave more units in one instrument than the limit."""
    after, limit = abs(position.quantity + position.waiting + order.quantity), limits.position_max
    if account.hedges and order.ticket == OPENS:
        # Whoever closes the other side is left with all of this one.
        side = 1 if order.quantity > 0 else -1
        own = max(side * position.quantity, 0) + max(side * position.waiting, 0)
        after = max(after, position.hedged + own + abs(order.quantity))
    if limit == 0:
        return unbound(AT_MOST, after)
    return bound_risk(after <= limit, AT_MOST, after, limit, order.reduces)

"""Deny an order that would leave more units in one instrument than the limit."""

from __future__ import annotations

from assay.kernel.compiling import compiled

CODE = 107
REASON = "position_limit"
PARAMETERS: tuple[str, ...] = ("position_max",)


@compiled
def allows(order, account, position, market, instrument, limits):  # type: ignore[no-untyped-def]
    """Deny an order that would leave more units in one instrument than the limit."""
    after = abs(position.quantity + position.waiting + order.quantity)
    return limits.position_max == 0 or order.reduces == 1 or after <= limits.position_max

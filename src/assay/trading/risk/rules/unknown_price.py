"""Deny an order in a market that has shown no price or an impossible one."""

from __future__ import annotations

from assay.kernel.compiling import compiled

CODE = 102
REASON = "unknown_price"
PARAMETERS: tuple[str, ...] = ()


@compiled
def allows(order, account, position, market, instrument, limits):  # type: ignore[no-untyped-def]
    """Deny an order in a market that has shown no price or an impossible one."""
    if instrument.leg >= 0 and market.leg_bid <= 0:
        return False
    return 0 < market.bid <= market.ask <= instrument.price_max and order.quantity != 0

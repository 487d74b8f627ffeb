"""Deny an order in a market that has shown no price or an impossible one."""

from __future__ import annotations

from assay.kernel.compiling import compiled
from assay.trading.risk.verdict import AT_LEAST, AT_MOST, bound

CODE = 102
REASON = "unknown_price"
PARAMETERS: tuple[str, ...] = ()
UNIT = "price"


@compiled
def check(order, account, position, market, instrument, limits):  # type: ignore[no-untyped-def]
    """Deny an order in a market that has shown no price or an impossible one."""
    bid, ask = market.bid, market.ask
    if instrument.leg >= 0 and market.leg_bid <= 0:
        return bound(False, AT_LEAST, market.leg_bid, 1)
    if bid <= 0:
        return bound(False, AT_LEAST, bid, 1)
    if bid > ask:
        return bound(False, AT_MOST, bid, ask)
    return bound(ask <= instrument.price_max, AT_MOST, ask, instrument.price_max)

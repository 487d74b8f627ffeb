"""Deny a new risk priced further from the market than the limit (basis points of it)."""

from __future__ import annotations

from assay.kernel.compiling import inlined
from assay.kernel.records import LIMIT, STOP
from assay.kernel.rounding import muldiv
from assay.trading.risk.verdict import AT_MOST, UNCOUNTED, bound_risk, unbound

CODE = 116
REASON = "price_collar"
PARAMETERS: tuple[str, ...] = ("collar_bp",)
UNIT = "points"


@inlined
def check(order, account, position, market, instrument, limits):  # type: ignore[no-untyped-def]
    """Deny a new risk priced further from the market than the limit (basis points of it)."""
    seen = market.ask if order.quantity > 0 else market.bid
    if limits.collar_bp == 0:
        return unbound(AT_MOST, UNCOUNTED)
    limit = muldiv(max(seen, 0), limits.collar_bp, 10_000)
    if order.price == 0 and order.type not in (LIMIT, STOP):
        return bound_risk(seen > 0, AT_MOST, 0, limit, order.reduces)
    if order.price <= 0 or seen <= 0:
        return bound_risk(False, AT_MOST, UNCOUNTED, limit, order.reduces)
    away = abs(order.price - seen)
    return bound_risk(away <= limit, AT_MOST, away, limit, order.reduces)

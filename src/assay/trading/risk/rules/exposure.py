"""Deny an order whose notional with what is open passes the limit (minor units)."""

from __future__ import annotations

from assay.kernel.compiling import compiled
from assay.kernel.rounding import OVERFLOW
from assay.trading.risk.verdict import AT_MOST, UNCOUNTED, bound_risk, unbound

CODE = 108
REASON = "exposure_limit"
PARAMETERS: tuple[str, ...] = ("exposure_max",)
UNIT = "money"


@compiled
def check(order, account, position, market, instrument, limits):  # type: ignore[no-untyped-def]
    """Deny an order whose notional with what is open passes the limit (minor units)."""
    limit, total = limits.exposure_max, account.exposure + order.notional
    if limit == 0:
        return unbound(AT_MOST, UNCOUNTED)
    if order.notional == OVERFLOW or account.exposure == OVERFLOW or total < 0:
        return bound_risk(False, AT_MOST, UNCOUNTED, limit, order.reduces)
    return bound_risk(total <= limit, AT_MOST, total, limit, order.reduces)

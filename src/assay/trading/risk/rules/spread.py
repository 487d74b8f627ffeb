"""Deny a new risk while the spread (points) is wider than the limit."""

from __future__ import annotations

from assay.kernel.compiling import compiled
from assay.trading.risk.verdict import AT_MOST, bound_risk, unbound

CODE = 106
REASON = "spread_too_wide"
PARAMETERS: tuple[str, ...] = ("spread_max",)
UNIT = "points"


@compiled
def check(order, account, position, market, instrument, limits):  # type: ignore[no-untyped-def]
    """Deny a new risk while the spread (points) is wider than the limit."""
    spread, limit = market.spread, limits.spread_max
    if limit == 0:
        return unbound(AT_MOST, spread)
    return bound_risk(spread <= limit, AT_MOST, spread, limit, order.reduces)

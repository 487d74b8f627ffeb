"""Deny a new risk while the spread (points) is wider than the limit."""

from __future__ import annotations

from assay.kernel.compiling import compiled

CODE = 106
REASON = "spread_too_wide"
PARAMETERS: tuple[str, ...] = ("spread_max",)


@compiled
def allows(order, account, position, market, instrument, limits):  # type: ignore[no-untyped-def]
    """Deny a new risk while the spread (points) is wider than the limit."""
    return limits.spread_max == 0 or order.reduces == 1 or market.spread <= limits.spread_max

"""Deny a new risk outside the instrument's trading session."""

from __future__ import annotations

from assay.kernel.compiling import compiled
from assay.trading.risk.verdict import EXACTLY, bound_risk, unbound

CODE = 104
REASON = "session_closed"
PARAMETERS: tuple[str, ...] = ("session_only",)
UNIT = "session"


@compiled
def check(order, account, position, market, instrument, limits):  # type: ignore[no-untyped-def]
    """Deny a new risk outside the instrument's trading session."""
    if limits.session_only == 0:
        return unbound(EXACTLY, market.session_open)
    return bound_risk(market.session_open == 1, EXACTLY, market.session_open, 1, order.reduces)

"""Deny a new risk around the rollover, when spreads widen."""

from __future__ import annotations

from assay.kernel.compiling import compiled
from assay.kernel.records import OUTSIDE
from assay.trading.risk.verdict import EXACTLY, bound_risk, unbound

CODE = 120
REASON = "rollover_window"
PARAMETERS: tuple[str, ...] = ("rollover_before", "rollover_after")
UNIT = "window"


@compiled
def check(order, account, position, market, instrument, limits):  # type: ignore[no-untyped-def]
    """Deny a new risk around the rollover, when spreads widen."""
    near = account.near_rollover
    if limits.rollover_before == 0 and limits.rollover_after == 0:
        return unbound(EXACTLY, near)
    return bound_risk(near == OUTSIDE, EXACTLY, near, OUTSIDE, order.reduces)

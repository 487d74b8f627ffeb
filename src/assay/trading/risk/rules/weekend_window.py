"""Deny a new risk before a weekend or a holiday, in it, and as it ends."""

from __future__ import annotations

from assay.kernel.compiling import compiled
from assay.kernel.records import OUTSIDE
from assay.trading.risk.verdict import EXACTLY, bound_risk, unbound

CODE = 121
REASON = "weekend_window"
PARAMETERS: tuple[str, ...] = ("weekend_before", "weekend_after")
UNIT = "window"


@compiled
def check(order, account, position, market, instrument, limits):  # type: ignore[no-untyped-def]
    """Deny a new risk before a weekend or a holiday, in it, and as it ends."""
    near = account.near_weekend
    if limits.weekend_before == 0 and limits.weekend_after == 0:
        return unbound(EXACTLY, near)
    return bound_risk(near == OUTSIDE, EXACTLY, near, OUTSIDE, order.reduces)

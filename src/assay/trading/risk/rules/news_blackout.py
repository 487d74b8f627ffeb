"""Deny a new risk around a release, and where no calendar tells of the next."""

from __future__ import annotations

from assay.kernel.compiling import compiled
from assay.kernel.records import OUTSIDE
from assay.trading.risk.verdict import EXACTLY, bound_risk, unbound

CODE = 122
REASON = "news_blackout"
PARAMETERS: tuple[str, ...] = ("news_before", "news_after")
UNIT = "window"


@compiled
def check(order, account, position, market, instrument, limits):  # type: ignore[no-untyped-def]
    """Deny a new risk around a release, and where no calendar tells of the next."""
    near = account.near_news
    if limits.news_before == 0 and limits.news_after == 0:
        return unbound(EXACTLY, near)
    return bound_risk(near == OUTSIDE, EXACTLY, near, OUTSIDE, order.reduces)

"""Deny a new risk that leaves less equity for its margin than the limit (basis points)."""

from __future__ import annotations

from assay.kernel.compiling import inlined
from assay.kernel.rounding import OVERFLOW, muldiv
from assay.trading.risk.verdict import AT_LEAST, UNCOUNTED, bound_risk, unbound

CODE = 126
REASON = "margin_level"
PARAMETERS: tuple[str, ...] = ("margin_level_min_bp",)
UNIT = "basis points"


@inlined
def check(order, account, position, market, instrument, limits):  # type: ignore[no-untyped-def]
    """Deny a new risk that leaves less equity for its margin than the limit (basis points)."""
    limit = limits.margin_level_min_bp
    if limit == 0:
        return unbound(AT_LEAST, UNCOUNTED)
    equity, needed = account.balance + account.unrealised, account.margin + order.margin
    if order.margin == OVERFLOW or needed < 0 or equity <= 0:
        return bound_risk(False, AT_LEAST, UNCOUNTED, limit, order.reduces)
    if needed == 0:
        return bound_risk(True, AT_LEAST, UNCOUNTED, limit, order.reduces)
    level = muldiv(equity, 10_000, needed)
    return bound_risk(level >= limit, AT_LEAST, level, limit, order.reduces)

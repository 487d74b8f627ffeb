"""Deny an order whose margin would bind more than a share of equity (basis points)."""

from __future__ import annotations

from assay.kernel.compiling import inlined
from assay.kernel.rounding import OVERFLOW, muldiv
from assay.trading.risk.verdict import AT_MOST, UNCOUNTED, bound_risk, unbound

CODE = 109
REASON = "margin"
PARAMETERS: tuple[str, ...] = ("margin_use_max_bp",)
UNIT = "money"


@inlined
def check(order, account, position, market, instrument, limits):  # type: ignore[no-untyped-def]
    """Deny an order whose margin would bind more than a share of equity (basis points)."""
    if limits.margin_use_max_bp == 0:
        return unbound(AT_MOST, UNCOUNTED)
    equity, needed = account.balance + account.unrealised, account.margin + order.margin
    limit = muldiv(max(equity, 0), limits.margin_use_max_bp, 10_000)
    if order.margin == OVERFLOW or needed < 0:
        return bound_risk(False, AT_MOST, UNCOUNTED, limit, order.reduces)
    return bound_risk(needed <= limit, AT_MOST, needed, limit, order.reduces)

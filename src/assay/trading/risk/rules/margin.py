"""Deny an order whose margin would bind more than a share of equity (basis points)."""

from __future__ import annotations

from assay.kernel.compiling import compiled
from assay.kernel.rounding import OVERFLOW, muldiv

CODE = 109
REASON = "margin"
PARAMETERS: tuple[str, ...] = ("margin_use_max_bp",)


@compiled
def allows(order, account, position, market, instrument, limits):  # type: ignore[no-untyped-def]
    """Deny an order whose margin would bind more than a share of equity (basis points)."""
    if limits.margin_use_max_bp == 0 or order.reduces == 1:
        return True
    if order.margin == OVERFLOW:
        return False
    equity = account.balance + account.unrealised
    allowed = muldiv(max(equity, 0), limits.margin_use_max_bp, 10_000)
    return account.margin + order.margin <= allowed

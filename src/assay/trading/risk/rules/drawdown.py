"""Deny a new risk once equity is further below its peak than the limit (basis points)."""

from __future__ import annotations

from assay.kernel.compiling import compiled
from assay.kernel.rounding import muldiv

CODE = 111
REASON = "drawdown"
PARAMETERS: tuple[str, ...] = ("drawdown_max_bp",)


@compiled
def allows(order, account, position, market, instrument, limits):  # type: ignore[no-untyped-def]
    """Deny a new risk once equity is further below its peak than the limit (basis points)."""
    if limits.drawdown_max_bp == 0 or order.reduces == 1:
        return True
    fallen = account.peak - account.balance - account.unrealised
    return fallen < muldiv(account.peak, limits.drawdown_max_bp, 10_000)

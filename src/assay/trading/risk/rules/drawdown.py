"""Deny a new risk once equity is further below its peak than the limit (basis points)."""

from __future__ import annotations

from assay.kernel.compiling import inlined
from assay.kernel.rounding import muldiv
from assay.trading.risk.verdict import BELOW, UNCOUNTED, bound_risk, unbound

CODE = 111
REASON = "drawdown"
PARAMETERS: tuple[str, ...] = ("drawdown_max_bp",)
UNIT = "money"


@inlined
def check(order, account, position, market, instrument, limits):  # type: ignore[no-untyped-def]
    """Deny a new risk once equity is further below its peak than the limit (basis points)."""
    fallen = account.peak - account.balance - account.unrealised
    if limits.drawdown_max_bp == 0:
        return unbound(BELOW, fallen)
    if account.peak <= 0:
        return bound_risk(False, BELOW, UNCOUNTED, 0, order.reduces)
    limit = muldiv(account.peak, limits.drawdown_max_bp, 10_000)
    return bound_risk(fallen < limit, BELOW, fallen, limit, order.reduces)

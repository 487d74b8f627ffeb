"""Deny a new risk once the loss since the broker's day began passes the limit (minor units)."""

from __future__ import annotations

from assay.kernel.compiling import compiled
from assay.trading.risk.verdict import BELOW, UNCOUNTED, bound_risk, unbound

CODE = 110
REASON = "daily_loss"
PARAMETERS: tuple[str, ...] = ("daily_loss_max",)
UNIT = "money"


@compiled
def check(order, account, position, market, instrument, limits):  # type: ignore[no-untyped-def]
    """Deny a new risk once the loss since the broker's day began passes the limit (minor units)."""
    lost, limit = account.day_start - account.balance - account.unrealised, limits.daily_loss_max
    if limit == 0:
        return unbound(BELOW, lost)
    if account.day_start == 0:
        return bound_risk(False, BELOW, UNCOUNTED, limit, order.reduces)
    return bound_risk(lost < limit, BELOW, lost, limit, order.reduces)

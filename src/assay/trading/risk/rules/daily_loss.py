"""Deny a new risk once the loss since the broker's day began passes the limit (minor units)."""

from __future__ import annotations

from assay.kernel.compiling import compiled
from assay.trading.risk.verdict import BELOW, bound_risk, unbound

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
    return bound_risk(lost < limit, BELOW, lost, limit, order.reduces)

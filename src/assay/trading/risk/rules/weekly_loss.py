"""Deny a new risk once the loss of the broker's week passes the limit (minor units)."""

from __future__ import annotations

from assay.kernel.compiling import compiled
from assay.trading.risk.verdict import BELOW, UNCOUNTED, bound_risk, unbound

CODE = 127
REASON = "weekly_loss"
PARAMETERS: tuple[str, ...] = ("weekly_loss_max",)
UNIT = "money"


@compiled
def check(order, account, position, market, instrument, limits):  # type: ignore[no-untyped-def]
    """Deny a new risk once the loss of the broker's week passes the limit (minor units)."""
    lost, limit = account.week_start - account.balance - account.unrealised, limits.weekly_loss_max
    if limit == 0:
        return unbound(BELOW, lost)
    if account.week_start == 0:
        return bound_risk(False, BELOW, UNCOUNTED, limit, order.reduces)
    return bound_risk(lost < limit, BELOW, lost, limit, order.reduces)

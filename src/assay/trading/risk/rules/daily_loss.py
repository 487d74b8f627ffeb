"""Deny a new risk once the loss since the broker's day began passes the limit (minor units)."""

from __future__ import annotations

from assay.kernel.compiling import compiled

CODE = 110
REASON = "daily_loss"
PARAMETERS: tuple[str, ...] = ("daily_loss_max",)


@compiled
def allows(order, account, position, market, instrument, limits):  # type: ignore[no-untyped-def]
    """Deny a new risk once the loss since the broker's day began passes the limit (minor units)."""
    if limits.daily_loss_max == 0 or order.reduces == 1:
        return True
    return account.day_start - account.balance - account.unrealised < limits.daily_loss_max

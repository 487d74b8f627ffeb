"""Deny a new risk if the day's loss passes the limit once every stop is met (minor units)."""

from __future__ import annotations

from assay.kernel.compiling import compiled
from assay.kernel.rounding import OVERFLOW
from assay.trading.risk.verdict import AT_MOST, UNCOUNTED, bound_risk, unbound

CODE = 128
REASON = "daily_risk"
PARAMETERS: tuple[str, ...] = ("daily_risk_max",)
UNIT = "money"


@compiled
def check(order, account, position, market, instrument, limits):  # type: ignore[no-untyped-def]
    """Deny a new risk if the day's loss passes the limit once every stop is met (minor units)."""
    limit = limits.daily_risk_max
    if limit == 0:
        return unbound(AT_MOST, UNCOUNTED)
    if account.stop_risk == OVERFLOW or account.day_start == 0:
        return bound_risk(False, AT_MOST, UNCOUNTED, limit, order.reduces)
    lost = account.day_start - account.balance - account.unrealised + account.stop_risk
    return bound_risk(lost <= limit, AT_MOST, lost, limit, order.reduces)

"""Deny a new risk that leaves more of one currency than the limit (minor units)."""

from __future__ import annotations

from assay.kernel.compiling import compiled
from assay.kernel.rounding import OVERFLOW
from assay.trading.risk.verdict import AT_MOST, UNCOUNTED, bound_risk, unbound

CODE = 123
REASON = "currency_exposure"
PARAMETERS: tuple[str, ...] = ("currency_exposure_max",)
UNIT = "money"


@compiled
def check(order, account, position, market, instrument, limits):  # type: ignore[no-untyped-def]
    """Deny a new risk that leaves more of one currency than the limit (minor units)."""
    value, limit = account.currency_exposure, limits.currency_exposure_max
    if limit == 0:
        return unbound(AT_MOST, UNCOUNTED)
    holds = value != OVERFLOW and value <= limit
    return bound_risk(holds, AT_MOST, value, limit, order.reduces)

"""Deny a new risk while expected shortfall is unknown or above the limit (bp of equity)."""

from __future__ import annotations

from assay.kernel.compiling import inlined
from assay.kernel.rounding import muldiv
from assay.trading.risk.verdict import AT_MOST, UNCOUNTED, bound_risk, unbound

CODE = 130
REASON = "expected_shortfall"
PARAMETERS: tuple[str, ...] = ("shortfall_max_bp", "measure_age_max")
UNIT = "money"


@inlined
def check(order, account, position, market, instrument, limits):  # type: ignore[no-untyped-def]
    """Deny a new risk while expected shortfall is unknown or above the limit (bp of equity)."""
    if limits.shortfall_max_bp == 0:
        return unbound(AT_MOST, UNCOUNTED)
    limit = muldiv(max(account.balance + account.unrealised, 0), limits.shortfall_max_bp, 10_000)
    age = order.ts - account.measured_ts
    fresh = account.measured_ts > 0 and 0 <= age <= limits.measure_age_max
    if not fresh or account.shortfall < 0:
        return bound_risk(False, AT_MOST, UNCOUNTED, limit, order.reduces)
    return bound_risk(account.shortfall <= limit, AT_MOST, account.shortfall, limit, order.reduces)

"""Deny a new risk too like what is held, or where fresh correlations are missing."""

from __future__ import annotations

from assay.kernel.compiling import compiled
from assay.kernel.rounding import OVERFLOW
from assay.trading.risk.verdict import AT_MOST, UNCOUNTED, bound_risk, unbound

CODE = 125
REASON = "correlation"
PARAMETERS: tuple[str, ...] = ("correlation_max", "measure_age_max")
UNIT = "ten-thousandths"


@compiled
def check(order, account, position, market, instrument, limits):  # type: ignore[no-untyped-def]
    """Deny a new risk too like what is held, or where fresh correlations are missing."""
    alike, limit = account.correlation, limits.correlation_max
    if limit == 0:
        return unbound(AT_MOST, UNCOUNTED)
    age = order.ts - account.correlations_ts
    fresh = account.correlations_ts > 0 and 0 <= age <= limits.measure_age_max
    if not fresh or alike == OVERFLOW:
        return bound_risk(False, AT_MOST, UNCOUNTED, limit, order.reduces)
    return bound_risk(alike <= limit, AT_MOST, alike, limit, order.reduces)

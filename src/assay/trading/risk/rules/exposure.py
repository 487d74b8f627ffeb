"""Deny an order whose notional with what is open passes the limit (minor units)."""

from __future__ import annotations

from assay.kernel.compiling import compiled
from assay.kernel.rounding import OVERFLOW

CODE = 108
REASON = "exposure_limit"
PARAMETERS: tuple[str, ...] = ("exposure_max",)


@compiled
def allows(order, account, position, market, instrument, limits):  # type: ignore[no-untyped-def]
    """Deny an order whose notional with what is open passes the limit (minor units)."""
    if limits.exposure_max == 0 or order.reduces == 1:
        return True
    if order.notional == OVERFLOW or account.exposure == OVERFLOW:
        return False
    return account.exposure + order.notional <= limits.exposure_max

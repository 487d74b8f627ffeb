"""Deny a volume below the minimum, above the maximum or off the step."""

from __future__ import annotations

from assay.kernel.compiling import compiled
from assay.trading.risk.verdict import AT_LEAST, AT_MOST, MULTIPLE_OF, bound

CODE = 105
REASON = "volume"
PARAMETERS: tuple[str, ...] = ()
UNIT = "units"


@compiled
def check(order, account, position, market, instrument, limits):  # type: ignore[no-untyped-def]
    """Deny a volume below the minimum, above the maximum or off the step."""
    units, least = abs(order.quantity), max(instrument.volume_min, 1)
    if units % instrument.volume_step:
        return bound(False, MULTIPLE_OF, units, instrument.volume_step)
    if units < least:
        return bound(False, AT_LEAST, units, least)
    return bound(units <= instrument.volume_max, AT_MOST, units, instrument.volume_max)

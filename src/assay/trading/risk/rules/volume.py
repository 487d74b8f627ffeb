"""Deny a volume below the minimum, above the maximum or off the step."""

from __future__ import annotations

from assay.kernel.compiling import compiled

CODE = 105
REASON = "volume"
PARAMETERS: tuple[str, ...] = ()


@compiled
def allows(order, account, position, market, instrument, limits):  # type: ignore[no-untyped-def]
    """Deny a volume below the minimum, above the maximum or off the step."""
    units = abs(order.quantity)
    if units % instrument.volume_step or units > instrument.volume_max:
        return False
    return units >= instrument.volume_min

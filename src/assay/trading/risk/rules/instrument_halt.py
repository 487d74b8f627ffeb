"""Deny everything in an instrument that is halted."""

from __future__ import annotations

from assay.kernel.compiling import compiled
from assay.trading.risk.verdict import EXACTLY, bound

CODE = 112
REASON = "instrument_halted"
PARAMETERS: tuple[str, ...] = ("instrument_halted",)
UNIT = "halt"


@compiled
def check(order, account, position, market, instrument, limits):  # type: ignore[no-untyped-def]
    """Deny everything in an instrument that is halted."""
    return bound(limits.instrument_halted == 0, EXACTLY, limits.instrument_halted, 0)

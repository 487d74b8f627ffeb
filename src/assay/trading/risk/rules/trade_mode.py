"""Deny what the instrument's trade mode forbids (MT5 SYMBOL_TRADE_MODE)."""

from __future__ import annotations

from assay.kernel.compiling import compiled
from assay.trading.risk.verdict import PERMITTED_BY, bound

CODE = 101
REASON = "trade_mode"
PARAMETERS: tuple[str, ...] = ()
UNIT = "trade_mode"

DISABLED, LONG_ONLY, SHORT_ONLY, FULL = 0, 1, 2, 4


@compiled
def check(order, account, position, market, instrument, limits):  # type: ignore[no-untyped-def]
    """Deny what the instrument's trade mode forbids (MT5 SYMBOL_TRADE_MODE)."""
    mode, side = instrument.trade_mode, 1 if order.quantity > 0 else -1
    if order.reduces:
        return bound(mode != DISABLED, PERMITTED_BY, 0, mode)
    permits = mode == FULL or mode == (LONG_ONLY if order.quantity > 0 else SHORT_ONLY)
    return bound(permits, PERMITTED_BY, side, mode)

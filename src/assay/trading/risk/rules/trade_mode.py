"""Deny what the instrument's trade mode forbids (MT5 SYMBOL_TRADE_MODE)."""

from __future__ import annotations

from assay.kernel.compiling import compiled

CODE = 101
REASON = "trade_mode"
PARAMETERS: tuple[str, ...] = ()

DISABLED, LONG_ONLY, SHORT_ONLY, FULL = 0, 1, 2, 4


@compiled
def allows(order, account, position, market, instrument, limits):  # type: ignore[no-untyped-def]
    """Deny what the instrument's trade mode forbids (MT5 SYMBOL_TRADE_MODE)."""
    if instrument.trade_mode == FULL or order.reduces:
        return instrument.trade_mode != DISABLED
    if instrument.trade_mode == LONG_ONLY:
        return order.quantity > 0
    return instrument.trade_mode == SHORT_ONLY and order.quantity < 0

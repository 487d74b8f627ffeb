"""Deny everything while trading is halted or the account's arithmetic overflowed."""

from __future__ import annotations

from assay.kernel.compiling import compiled

CODE = 100
REASON = "trading_halted"
PARAMETERS: tuple[str, ...] = ()


@compiled
def allows(order, account, position, market, instrument, limits):  # type: ignore[no-untyped-def]
    """Deny everything while trading is halted or the account's arithmetic overflowed."""
    return account.halted == 0 and account.overflow == 0

"""Deny everything while trading is halted or the account's arithmetic overflowed."""

from __future__ import annotations

from assay.kernel.compiling import compiled
from assay.trading.risk.verdict import EXACTLY, bound

CODE = 100
REASON = "trading_halted"
PARAMETERS: tuple[str, ...] = ()
UNIT = "halt"


@compiled
def check(order, account, position, market, instrument, limits):  # type: ignore[no-untyped-def]
    """Deny everything while trading is halted or the account's arithmetic overflowed."""
    runs = account.halted == 0 and account.overflow == 0
    return bound(runs, EXACTLY, account.halted + 2 * account.overflow, 0)

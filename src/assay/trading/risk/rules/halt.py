"""Deny everything while trading is halted, arithmetic overflowed, or the venue is away."""

from __future__ import annotations

from assay.kernel.compiling import compiled
from assay.kernel.records import VENUE_AWAY
from assay.trading.risk.verdict import EXACTLY, bound

CODE = 100
REASON = "trading_halted"
PARAMETERS: tuple[str, ...] = ()
UNIT = "halt"


@compiled
def check(order, account, position, market, instrument, limits):  # type: ignore[no-untyped-def]
    """Deny everything while trading is halted, arithmetic overflowed, or the venue is away."""
    away = 1 if account.venue == VENUE_AWAY else 0
    runs = account.halted == 0 and account.overflow == 0 and away == 0
    return bound(runs, EXACTLY, account.halted + 2 * account.overflow + 4 * away, 0)

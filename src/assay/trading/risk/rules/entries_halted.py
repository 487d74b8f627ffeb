"""Deny a new risk while somebody holds entries back: the account's, or the instrument's."""

from __future__ import annotations

from assay.kernel.compiling import compiled
from assay.trading.risk.verdict import EXACTLY, bound_risk

CODE = 131
REASON = "entries_halted"
PARAMETERS: tuple[str, ...] = ()
UNIT = "sources"


@compiled
def check(order, account, position, market, instrument, limits):  # type: ignore[no-untyped-def]
    """Deny a new risk while somebody holds entries back: the account's, or the instrument's."""
    sources = account.entries_halted | position.entries_halted
    return bound_risk(sources == 0, EXACTLY, sources, 0, order.reduces)

"""Deny a new risk in an instrument on the tenant's list."""

from __future__ import annotations

from assay.kernel.compiling import compiled
from assay.trading.risk.verdict import EXACTLY, bound_risk

CODE = 113
REASON = "restricted_instrument"
PARAMETERS: tuple[str, ...] = ("restricted",)
UNIT = "list"


@compiled
def check(order, account, position, market, instrument, limits):  # type: ignore[no-untyped-def]
    """Deny a new risk in an instrument on the tenant's list."""
    return bound_risk(limits.restricted == 0, EXACTLY, limits.restricted, 0, order.reduces)

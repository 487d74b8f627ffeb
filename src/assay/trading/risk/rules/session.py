"""Deny a new risk outside the instrument's trading session."""

from __future__ import annotations

from assay.kernel.compiling import compiled

CODE = 104
REASON = "session_closed"
PARAMETERS: tuple[str, ...] = ("session_only",)


@compiled
def allows(order, account, position, market, instrument, limits):  # type: ignore[no-untyped-def]
    """Deny a new risk outside the instrument's trading session."""
    return limits.session_only == 0 or order.reduces == 1 or market.session_open == 1

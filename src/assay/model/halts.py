"""Who may hold an account's entries back, and what holds one."""

from __future__ import annotations

import msgspec

OPERATOR = "operator"
SOURCES = (
    OPERATOR, "prop", "band", "twin", "sources", "risk", "exam", "venue",
    "weekend", "volatility", "margin", "clusters", "regime",
)  # fmt: skip
"""Sources of halts; the place of one is its bit in the engine's mask, so new ones go to the end."""


class EntryHalt(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Hold that a source denies entries, since when and why; without a symbol, of all instruments.

    An empty account means every account of the tenant.
    """

    source: str
    reason: str
    by: str
    ts: int
    symbol: str = ""
    account: str = ""


def may_release(actor: str, source: str) -> bool:
    """Say whether an actor may lift a source's halt: the source itself, or the operator.

    >>> may_release("twin", "prop"), may_release("operator", "prop"), may_release("prop", "prop")
    (False, True, True)
    """
    return actor in (source, OPERATOR)

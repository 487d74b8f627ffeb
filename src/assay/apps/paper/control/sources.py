"""What becomes of the sources of quotes, as people read it."""

from __future__ import annotations

from assay.model.messages import (
    Message,
    QuotesDisputed,
    SourceSkewed,
    SourceSuspected,
    SourceSwitched,
)
from assay.model.time import SECOND

SOURCES_TOLD: tuple[type[Message], ...] = (
    SourceSwitched, SourceSuspected, SourceSkewed, QuotesDisputed
)  # fmt: skip


def describe_source(told: Message) -> str:
    """Return what became of a symbol's sources in words, empty for what is none of it.

    >>> describe_source(SourceSwitched(id=1, ts_event=0, ts_init=0, symbol="EURUSD",
    ...     source="backup", before="desk", reason="unlinked"))
    'EURUSD: quotes come from backup after desk (unlinked)'
    """
    if isinstance(told, SourceSwitched):
        before = f" after {told.before}" if told.before else ""
        serves = f"quotes come from {told.source}" if told.source else "no source has quotes"
        return f"{told.symbol}: {serves}{before} ({told.reason})"
    if isinstance(told, SourceSuspected):
        if not told.suspected:
            return f"{told.symbol}: quotes of {told.source} are believed again"
        return (
            f"{told.symbol}: quotes of {told.source} are not believed, {told.departure} points "
            f"off where {told.tolerance} may be"
        )
    if isinstance(told, SourceSkewed):
        return _describe_clock(told)
    if isinstance(told, QuotesDisputed):
        if not told.disputed:
            return f"{told.symbol}: the sources say the same again"
        return f"{told.symbol}: sources differ by {told.departure} points, none is believed"
    return ""


def _describe_clock(told: SourceSkewed) -> str:
    whose = f"{told.symbol}: quotes of {told.source}"
    if not told.skewed:
        return f"{whose} are stamped with the right time again"
    way, cost = ("behind", ", so that it cannot serve") if told.offset < 0 else ("ahead of", "")
    clock = f"those of {told.beside}" if told.beside != told.source else "what it kept before"
    return (
        f"{whose} are stamped {abs(told.offset) / SECOND:,.0f} s {way} {clock}{cost}; check its "
        "server offset (--server-clock of its connector), its machine's clock and its line"
    )

"""What becomes of the sources of quotes, as people read it."""

from __future__ import annotations

from assay.model.messages import Message, QuotesDisputed, SourceSuspected, SourceSwitched

SOURCES_TOLD: tuple[type[Message], ...] = (SourceSwitched, SourceSuspected, QuotesDisputed)


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
    if isinstance(told, QuotesDisputed):
        if not told.disputed:
            return f"{told.symbol}: the sources say the same again"
        return f"{told.symbol}: sources differ by {told.departure} points, none is believed"
    return ""

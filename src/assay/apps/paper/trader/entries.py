"""Entries that sources hold back: how they are told, kept over runs, and carried out for others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from assay.apps.paper.control.orders import HALT_ENTRIES, Answer, ControlOrder
from assay.model.errors import UsageError
from assay.model.halts import OPERATOR, SOURCES, EntryHalt, may_release
from assay.model.messages import EntriesHalted, EntriesReleased
from assay.runtime.journal import Journal

if TYPE_CHECKING:
    from assay.apps.paper.trader.hotpath import PaperTrader


def halts_kept(journal: Journal, tenant: str) -> list[EntryHalt]:
    """Return what holds a tenant's entries back at the end of a journal, in whichever run."""
    found: dict[tuple[str, str], EntryHalt] = {}
    for recorded in journal.read(kinds=("EntriesHalted", "EntriesReleased")):
        told = recorded.message
        if told.tenant != tenant:
            continue
        if isinstance(told, EntriesHalted):
            halt = EntryHalt(told.source, told.reason, told.by, told.ts_event, told.symbol)
            found[told.source, told.symbol] = halt
        elif isinstance(told, EntriesReleased) and may_release(told.actor, told.source):
            found.pop((told.source, told.symbol), None)
    return list(found.values())


def tell_halt(halt: EntryHalt, tenant: str, symbols: Sequence[str] = ()) -> EntriesHalted:
    """Return the message of a halt; whoever takes it gives the id.

    Raises UsageError for a source that is none, or a symbol that is not among those traded.
    """
    _require_source(halt.source)
    if halt.symbol and symbols and halt.symbol not in symbols:
        raise UsageError(f"{halt.symbol} is not traded; there are {', '.join(symbols)}")
    return EntriesHalted(
        id=0, tenant=tenant, ts_event=halt.ts, ts_init=halt.ts, source=halt.source,
        reason=halt.reason, by=halt.by, symbol=halt.symbol,
    )  # fmt: skip


def tell_release(halt: EntryHalt, tenant: str, actor: str) -> EntriesReleased:
    """Return the message that lifts a halt, whose reason and time are those of the release.

    Raises UsageError where the halt is somebody else's.
    """
    _require_source(halt.source)
    if not may_release(actor, halt.source):
        raise UsageError(f"{actor!r} may not lift the halt of {halt.source}; it or {OPERATOR} may")
    return EntriesReleased(
        id=0, tenant=tenant, ts_event=halt.ts, ts_init=halt.ts, source=halt.source,
        reason=halt.reason, by=halt.by, actor=actor, symbol=halt.symbol,
    )  # fmt: skip


def _require_source(source: str) -> None:
    if source not in SOURCES:
        raise UsageError(f"source {source!r} is unknown; there are {', '.join(SOURCES)}")


def carry_out(trader: PaperTrader, order: ControlOrder) -> Answer:
    """Hold entries back or let them go as an order says, and answer it."""
    try:
        if order.action == HALT_ENTRIES:
            trader.halt_entries(order.source, order.reason, order.by, order.symbol)
            return Answer(True, "new risk is denied from the next event on")
        trader.release_entries(
            order.source, order.reason, order.by, order.symbol, actor=order.actor or order.source
        )
    except UsageError as error:
        return Answer(False, str(error))
    left = ", ".join(sorted({halt.source for halt in trader.entry_halts}))
    return Answer(True, f"still held back by {left}" if left else "entries may be made")

"""Journals with an audit beside them, in memory and in PostgreSQL, for the tests of the audit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from assay.books.audit import (
    HEADS,
    AuditKeeper,
    AuditReport,
    AuditStore,
    Chains,
    HeadFolder,
    MemoryAudit,
    MemoryAuditStore,
    MemoryChains,
    PostgresAuditStore,
    load_public_key,
    open_chains,
    open_view,
    verify_chains,
)
from assay.model.messages import (
    EquityMarked,
    Message,
    PlatformRecovered,
    PlatformStarted,
    Tick,
    TradingHalted,
)
from assay.runtime.clock import SimClock
from assay.runtime.journal import Batch, Journal, MemoryJournal, PostgresJournal


@dataclass
class Audited:
    """Open journal, store and view of one home, in any state."""

    folder: Path
    open_journal: Callable[[], Journal]
    open_store: Callable[[], AuditStore]
    view: Callable[[], AbstractContextManager[Chains]]

    @property
    def heads(self) -> HeadFolder:
        return HeadFolder(self.folder / HEADS)

    def record(self, messages: Sequence[Message]) -> None:
        journal = self.open_journal()
        journal.commit(Batch(messages))
        journal.close()

    def follow(self, *, batch: int = 4_096, rounds: int = 1_000) -> int:
        """Recover and catch up as a start does; return how many entries were made."""
        store = self.open_store()
        try:
            keeper = AuditKeeper(store, self.folder, SimClock(7))
            keeper.recover()
            made = 0
            for _ in range(rounds):
                taken = keeper.catch_up(batch)
                made += taken
                if not taken:
                    break
            return made
        finally:
            store.close()

    def verify(self, tenants: Sequence[str] | None = None) -> AuditReport:
        with open_view(self.folder / HEADS, self.view) as (chains, heads):
            return verify_chains(chains, heads, load_public_key(self.folder), tenants=tenants)


def audited_memory(folder: Path) -> tuple[Audited, MemoryAudit]:
    """Return an audit in memory and what it holds, to be tampered with."""
    held = MemoryAudit()
    opened = Audited(
        folder,
        lambda: MemoryJournal(held.journal),
        lambda: MemoryAuditStore(held),
        lambda: nullcontext(MemoryChains(held)),
    )
    return opened, held


def audited_postgres(folder: Path, dsn: str) -> Audited:
    """Return an audit in a database."""
    return Audited(
        folder,
        lambda: PostgresJournal(dsn, wait_s=0.5),
        lambda: PostgresAuditStore(dsn, wait_s=0.05),
        lambda: open_chains(dsn),
    )


def started(number: int) -> PlatformStarted:
    return PlatformStarted(id=number, ts_event=number, ts_init=number, version="1", run="r")


def recovered(number: int) -> PlatformRecovered:
    return PlatformRecovered(
        id=number, ts_event=number, ts_init=number, version="1", run="r", position=0, replayed=0
    )


def tick(number: int) -> Tick:
    return Tick(id=number, ts_event=number, ts_init=number, symbol="X", bid=number, ask=number + 2)


def mark(number: int, tenant: str = "a") -> EquityMarked:
    return EquityMarked(
        id=number, cause=number - 1, tenant=tenant, ts_event=number, ts_init=number, account="x",
        balance=number, equity=-number, margin=0,
    )  # fmt: skip


def halting(number: int, tenant: str = "a") -> TradingHalted:
    return TradingHalted(
        id=number, cause=number - 1, tenant=tenant, ts_event=number, ts_init=number,
        reason="spread", by="risk",
    )  # fmt: skip


def mixed(first: int, count: int) -> list[Message]:
    """Return messages of the platform and of two tenants, bulk and single ones."""
    kinds: tuple[Callable[[int], Message], ...] = (
        tick, halting, mark, tick, lambda number: halting(number, "B/ö"), mark,
    )  # fmt: skip
    return [kinds[number % len(kinds)](number) for number in range(first, first + count)]

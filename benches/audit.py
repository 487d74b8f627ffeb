"""Audit: journalled messages entered, hashed, sealed, signed and committed with their head."""

from __future__ import annotations

from pathlib import Path

import psycopg

from assay.books.audit import BATCH, AuditKeeper, PostgresAuditStore
from assay.model.messages import DecisionMade, EquityMarked, Message
from assay.runtime.home import open_home
from assay.runtime.journal import Batch, PostgresJournal
from assay.runtime.stores.postgres import open_postgres, remove_postgres
from benches.harness import Bench, Round, time_batch

ENTRIES = 5 * BATCH
COMMIT = 1_000
FLOOR = 50_000.0
PAYLOAD = b"\x5a" * 160


def message(number: int) -> Message:
    """Return a decision of a tenant, or one of the marks between decisions."""
    stamp = {"id": number, "ts_event": number, "ts_init": number, "tenant": "t"}
    if number % 4:
        return EquityMarked(account="a", balance=number, equity=number, margin=0, **stamp)
    return DecisionMade(
        account="a", strategy="sma-cross", symbol="EURUSD", ts_bar=number, target=10_000,
        position=0, reason="crossed above", **stamp,
    )  # fmt: skip


def build(folder: Path) -> Bench:
    """Start an embedded server; every round has as many messages to catch up with."""
    home = open_home(folder / "home")
    server = open_postgres(home.path)
    journal = PostgresJournal(server.dsn)
    store = PostgresAuditStore(server.dsn)
    keeper = AuditKeeper(store, home.folder("audit"), home.clock)
    keeper.recover()
    bare = psycopg.connect(server.admin_dsn, autocommit=True)
    bare.execute("create table bare (tenant text, number bigint, payload bytea)")
    bare.execute("alter table bare add primary key (tenant, number)")
    written = 0

    def catch_up() -> None:
        made = 0
        while taken := keeper.catch_up():
            made += taken
        if made != ENTRIES:
            raise RuntimeError(f"{made} of {ENTRIES} messages were entered")

    def subject() -> Round:
        first = journal.last_position() + 1
        for start in range(first, first + ENTRIES, COMMIT):
            end = min(start + COMMIT, first + ENTRIES)
            journal.commit(Batch([message(number) for number in range(start, end)]))
        return time_batch(ENTRIES, catch_up)

    def insert() -> None:
        nonlocal written
        for _ in range(ENTRIES // BATCH):
            numbers = list(range(written, written + BATCH))
            written += BATCH
            bare.execute(
                "insert into bare select * from unnest(%b::text[], %b::int8[], %b::bytea[])",
                (["t"] * BATCH, numbers, [PAYLOAD] * BATCH),
            )

    def close() -> None:
        journal.close()
        store.close()
        bare.close()
        server.stop()
        remove_postgres(home.path)

    return Bench(
        what="journalled messages entered, sealed and committed",
        items="entries",
        figure="rate",
        reference_what="bare psycopg insert of as many rows, nothing hashed",
        subject=subject,
        reference=lambda: time_batch(ENTRIES, insert),
        floor=FLOOR,
        close=close,
    )

"""Journal: one decision's messages and its order key, in one full commit."""

from __future__ import annotations

from pathlib import Path

import psycopg

from assay.model.messages import (
    DecisionMade,
    Message,
    OrderApproved,
    OrderSubmitted,
    encode_message,
)
from assay.runtime.journal import Batch, PostgresJournal
from assay.runtime.stores.postgres import open_postgres, remove_postgres
from benches.harness import Bench, Round, time_each

COMMITS = 500
PAYLOAD = b"\x5a" * 256
FLOOR_US = 1200.0


def decide(number: int) -> Batch:
    """Return what one decision leaves behind: three messages, inbox position, order key."""
    stamp = {"ts_event": number, "ts_init": number, "tenant": "t"}
    key, first = number + 1, 3 * number + 1
    order = OrderSubmitted(
        id=first + 2, cause=first + 1, key=key, account="a", strategy="sma-cross",
        symbol="EURUSD", ts_bar=number, ordinal=0, order_type="market", quantity=10_000, price=0,
        stop=0, target=0, **stamp,
    )  # fmt: skip
    messages: list[Message] = [
        DecisionMade(
            id=first, account="a", strategy="sma-cross", symbol="EURUSD", ts_bar=number,
            target=10_000, position=0, reason="crossed above", **stamp,
        ),
        OrderApproved(
            id=first + 1, cause=first, key=key, account="a", symbol="EURUSD", quantity=10_000,
            rules=12, **stamp,
        ),
        order,
    ]  # fmt: skip
    return Batch(
        messages, inbox=("trading", first, str(number)), orders=((key, encode_message(order)),)
    )


def build(folder: Path) -> Bench:
    """Start an embedded server and give both sides a connection of their own."""
    home = folder / "home"
    home.mkdir(mode=0o700)
    server = open_postgres(home)
    journal = PostgresJournal(server.dsn)
    bare = psycopg.connect(server.admin_dsn, autocommit=True)
    bare.execute("create table bare (id bigint generated always as identity, payload bytea)")
    done = 0

    def subject() -> Round:
        nonlocal done
        batches = [decide(done + number) for number in range(COMMITS)]
        done += COMMITS
        return time_each(COMMITS, lambda item: journal.commit(batches[item]))

    def insert(_: int) -> None:
        with bare.transaction():
            bare.execute("insert into bare (payload) values (%b)", (PAYLOAD,))

    def close() -> None:
        journal.close()
        bare.close()
        server.stop()
        remove_postgres(home)

    return Bench(
        what="commit of a decision: 3 messages, inbox position, order key",
        items="commits",
        figure="latency",
        reference_what="bare psycopg insert + commit",
        subject=subject,
        reference=lambda: time_each(COMMITS, insert),
        floor=FLOOR_US,
        close=close,
    )

"""One suite for every journal: in memory and in PostgreSQL."""

from collections.abc import Callable, Iterator

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assay.model.errors import RetryError, UsageError
from assay.model.messages import BarClosed, EquityMarked, Message, Tick, TradingHalted
from assay.runtime.journal import (
    Batch,
    ConcurrencyError,
    Halt,
    Journal,
    MemoryJournal,
    MemoryLog,
    PostgresJournal,
)
from assay.runtime.stores.postgres import PostgresServer, migrate, start_postgres
from assay.runtime.stores.postgres.server import remove_postgres
from tests.databases import Databases

Open = Callable[[], Journal]


@pytest.fixture(scope="module")
def server(
    tmp_path_factory: pytest.TempPathFactory, databases: Databases
) -> Iterator[PostgresServer]:
    home = tmp_path_factory.mktemp("home")
    databases.lay(home)
    started = start_postgres(home)
    migrate(started.admin_dsn, home / "backups")
    yield started
    started.stop()
    remove_postgres(home)


def forget(admin_dsn: str) -> None:
    """Empty all tables, as no program may: a new database per test would cost seconds."""
    with psycopg.connect(admin_dsn) as connection:
        connection.execute("alter table journal disable trigger append_only")
        connection.execute("truncate journal, snapshot, inbox, outbox, halt, run_meta")
        connection.execute("alter table journal enable trigger append_only")


@pytest.fixture(params=["memory", "postgres"])
def opening(request: pytest.FixtureRequest) -> Open:
    """Return what opens one journal again and again."""
    if request.param == "memory":
        log = MemoryLog()
        return lambda: MemoryJournal(log)
    server: PostgresServer = request.getfixturevalue("server")
    forget(server.admin_dsn)
    return lambda: PostgresJournal(server.dsn, wait_s=0.05)


@pytest.fixture
def journal(opening: Open) -> Iterator[Journal]:
    opened = opening()
    yield opened
    opened.close()


def bar(number: int, tenant: str = "") -> BarClosed:
    return BarClosed(
        id=number,
        tenant=tenant,
        ts_event=number * 60,
        ts_init=number * 60 + 1,
        symbol="EURUSD",
        timeframe=60,
        ts_open=number * 60 - 60,
        open=1,
        high=2,
        low=0,
        close=1,
        spread_open=1,
        spread_high=1,
        spread_low=1,
        spread_close=1,
    )


def halting(number: int, tenant: str = "a") -> TradingHalted:
    return TradingHalted(
        id=number,
        cause=number - 1,
        tenant=tenant,
        ts_event=number,
        ts_init=number,
        reason="spread",
        by="risk",
    )


def mark(number: int, tenant: str = "a") -> EquityMarked:
    return EquityMarked(
        id=number,
        tenant=tenant,
        ts_event=number,
        ts_init=number,
        account="x",
        balance=number,
        equity=-number,
        margin=0,
    )


def tick(number: int, tenant: str = "") -> Tick:
    return Tick(id=number, tenant=tenant, ts_event=number, ts_init=number, symbol="X", bid=1, ask=2)


def contents(journal: Journal, after: int = 0) -> list[tuple[int, Message]]:
    return [(each.position, each.message) for each in journal.read(after)]


def test_a_new_journal_is_empty(journal: Journal) -> None:
    assert journal.last_position() == 0
    assert contents(journal) == []
    assert journal.load_snapshot("m") is None
    assert journal.load_inbox("m") is None
    assert journal.unconfirmed_orders() == []
    assert journal.halt_state("a") == Halt("a", False, "", "", 0)


def test_messages_come_back_in_the_order_of_the_batch(journal: Journal) -> None:
    first = [bar(1), halting(2), bar(3), mark(4), tick(5), mark(6), halting(7, "b"), bar(8)]
    second = [mark(9, "b"), mark(10)]
    assert journal.commit(Batch(first)) == 8
    assert journal.commit(Batch(second)) == 10
    assert contents(journal) == list(enumerate(first + second, start=1))


def test_reading_starts_in_the_middle_of_a_frame(journal: Journal) -> None:
    messages = [bar(number) for number in range(1, 101)]
    journal.commit(Batch(messages[:60]))
    journal.commit(Batch(messages[60:]))
    assert contents(journal, 57) == list(enumerate(messages, start=1))[57:]
    assert contents(journal, 100) == []


def test_reading_is_filtered_by_tenant_kind_and_limit(journal: Journal) -> None:
    journal.commit(Batch([bar(1), halting(2), halting(3, "b"), mark(4), bar(5), mark(6, "b")]))
    journal.commit(Batch([halting(7), bar(8)]))
    assert [each.position for each in journal.read(tenant="a")] == [2, 4, 7]
    assert [each.position for each in journal.read(kinds=["BarClosed"])] == [1, 5, 8]
    assert [each.position for each in journal.read(kinds=["BarClosed"], limit=2)] == [1, 5]
    assert [each.position for each in journal.read(3, tenant="b", kinds={"EquityMarked"})] == [6]
    assert list(journal.read(limit=0)) == []


def test_a_position_before_the_journal_is_refused(journal: Journal) -> None:
    with pytest.raises(UsageError):
        list(journal.read(-1))


def test_a_stream_counts_its_messages(journal: Journal) -> None:
    journal.commit(Batch([halting(1), bar(2)], "orders", expected_version=0))
    journal.commit(Batch([halting(3)], "other", expected_version=0))
    journal.commit(Batch([bar(4), bar(5)], "orders", expected_version=2))
    assert journal.stream_version("orders") == 4
    assert journal.stream_version("other") == 1


def test_a_wrong_version_changes_nothing(journal: Journal) -> None:
    journal.commit(Batch([halting(1)], "orders"))
    stale = Batch([halting(2)], "orders", 0, ("m", 1, "c"), ("m", 1, b"s"), [(1, b"o")])
    with pytest.raises(ConcurrencyError, match="'orders' is at version 1, expected 0"):
        journal.commit(stale)
    assert journal.last_position() == 1
    assert journal.load_inbox("m") is None
    assert journal.load_snapshot("m") is None
    assert journal.unconfirmed_orders() == []


def test_versions_go_on_after_reopening(opening: Open) -> None:
    first = opening()
    first.commit(Batch([mark(1), halting(2), mark(3), bar(4)], "orders"))
    first.close()
    second = opening()
    assert (second.last_position(), second.stream_version("orders")) == (4, 4)
    assert second.commit(Batch([halting(5)], "orders", expected_version=4)) == 5
    second.close()


def test_state_is_committed_with_the_messages(opening: Open) -> None:
    journal = opening()
    journal.commit(
        Batch([halting(1)], inbox=("m", 7, "file:3"), snapshot=("m", 2, b"\x00state"), orders=[])
    )
    journal.commit(Batch([halting(2)], inbox=("m", 8, "file:4")))
    journal.close()
    journal = opening()
    assert journal.load_inbox("m") == (8, "file:4")
    assert journal.load_snapshot("m") == (1, 2, b"\x00state")
    journal.commit(Batch([], snapshot=("m", 3, b"later")))
    assert journal.load_snapshot("m") == (2, 3, b"later")
    assert journal.last_position() == 2
    journal.close()


def test_orders_wait_in_the_outbox_until_confirmed(opening: Open) -> None:
    journal = opening()
    journal.commit(Batch([halting(1)], orders=[(30, b"c"), (10, b"a"), (20, b"b")]))
    assert [order.key for order in journal.unconfirmed_orders()] == [30, 10, 20]
    journal.close()
    journal = opening()
    assert [(order.key, order.payload) for order in journal.unconfirmed_orders()] == [
        (30, b"c"),
        (10, b"a"),
        (20, b"b"),
    ]
    assert journal.mark_confirmed(10, 300)
    assert not journal.mark_confirmed(10, 400)
    assert [order.key for order in journal.unconfirmed_orders()] == [30, 20]
    journal.close()


def test_a_batch_of_many_rows_and_orders_is_one_batch(journal: Journal) -> None:
    messages = [halting(number, f"tenant {number}") for number in range(1, 41)]
    orders = [(1_000 - number, f"order {number}".encode()) for number in range(40)]
    assert journal.commit(Batch(messages, inbox=("m", 3, "c"), orders=orders)) == 40
    assert contents(journal) == list(enumerate(messages, start=1))
    found = journal.unconfirmed_orders()
    assert [(order.key, order.position, order.payload) for order in found] == [
        (key, 40, payload) for key, payload in orders
    ]
    with pytest.raises(ConcurrencyError, match="order 970 "):
        journal.commit(Batch(messages, inbox=("m", 4, "c"), orders=[*orders[30:31], (1, b"x")]))
    assert journal.load_inbox("m") == (3, "c")


def test_text_and_bytes_of_any_kind_come_back(journal: Journal) -> None:
    cursor, payload = "Zürich → 'x'; $1 ? %s", bytes(range(256))
    told = halting(1, "größe")
    journal.commit(
        Batch([told], "s'1", None, ("m?", -7, cursor), ("m?", 2, payload), [(9, payload)])
    )
    assert [each.message for each in journal.read(tenant="größe")] == [told]
    assert journal.load_inbox("m?") == (-7, cursor)
    assert journal.load_snapshot("m?") == (1, 2, payload)
    assert journal.unconfirmed_orders()[0].payload == payload
    assert journal.stream_version("s'1") == 1


def test_an_order_key_is_taken_once(journal: Journal) -> None:
    journal.commit(Batch([halting(1)], orders=[(5, b"x")]))
    with pytest.raises(ConcurrencyError, match="order 5 "):
        journal.commit(Batch([halting(2)], orders=[(6, b"y"), (5, b"z")]))
    assert journal.last_position() == 1
    assert [order.payload for order in journal.unconfirmed_orders()] == [b"x"]
    assert journal.commit(Batch([halting(2)], orders=[(6, b"y")])) == 2


def test_an_unknown_order_is_a_usage_error(journal: Journal) -> None:
    with pytest.raises(UsageError, match="order 9 "):
        journal.mark_confirmed(9, 1)


def test_a_halt_survives_reopening(opening: Open) -> None:
    journal = opening()
    journal.set_halt(Halt("a", True, "drawdown", "risk", 5))
    journal.set_halt(Halt("b", True, "manual", "ana", 6))
    journal.set_halt(Halt("b", False, "resumed", "ana", 7))
    journal.close()
    journal = opening()
    assert journal.halt_state("a") == Halt("a", True, "drawdown", "risk", 5)
    assert journal.halt_state("b") == Halt("b", False, "resumed", "ana", 7)
    journal.close()


def test_a_second_writer_is_refused_until_the_first_closes(opening: Open) -> None:
    first = opening()
    with pytest.raises(RetryError, match="writ"):
        opening()
    first.close()
    first.close()
    opening().close()


def test_a_closed_journal_refuses_to_write(opening: Open) -> None:
    journal = opening()
    journal.close()
    with pytest.raises(RetryError):
        journal.commit(Batch([halting(1)]))
    with pytest.raises(RetryError):
        journal.set_halt(Halt("a", True, "r", "b", 1))


def test_an_empty_batch_is_no_event(journal: Journal) -> None:
    assert journal.commit(Batch([])) == 0
    assert contents(journal) == []


MAKERS = [bar, halting, mark, tick]


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    batches=st.lists(
        st.lists(st.tuples(st.integers(0, 3), st.sampled_from(["", "a", "b"])), max_size=30),
        max_size=8,
    ),
    after=st.integers(0, 60),
)
def test_any_batches_come_back_as_they_went_in(
    journal: Journal, batches: list[list[tuple[int, str]]], after: int
) -> None:
    start = journal.last_position()
    written: list[Message] = []
    for batch in batches:
        messages = [
            MAKERS[kind](number, tenant) for number, (kind, tenant) in enumerate(batch, start=1)
        ]
        written += messages
        assert journal.commit(Batch(messages)) == start + len(written)
    assert contents(journal, start) == list(enumerate(written, start=start + 1))
    tenants = [each.position for each in journal.read(start + after, tenant="a")]
    expected = [
        start + 1 + i for i, each in enumerate(written) if each.tenant == "a" and i >= after
    ]
    assert tenants == expected

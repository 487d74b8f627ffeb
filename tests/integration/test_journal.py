"""The journal on a real server: kills, torn states, rivals."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from assay.model.errors import RetryError
from assay.model.messages import Tick, TradingHalted
from assay.runtime.journal import Batch, ConcurrencyError, PostgresJournal, read_journal
from assay.runtime.stores.postgres import (
    PostgresServer,
    open_postgres,
    remove_postgres,
    start_postgres,
)
from tests.databases import Databases

WRITER = """
import sys
from assay.model.messages import Tick, TradingHalted
from assay.runtime.journal import Batch, PostgresJournal
journal = PostgresJournal(sys.argv[1], wait_s=10)
number = journal.last_position()
while True:
    ticks = [
        Tick(id=number + i, ts_event=1, ts_init=1, symbol="X", bid=number + i, ask=9)
        for i in range(1, 7)
    ]
    stop = TradingHalted(id=number + 7, tenant="a", ts_event=1, ts_init=1, reason="r", by="b")
    batch = Batch(
        [*ticks[:3], stop, *ticks[3:]],
        inbox=("m", number, "c"),
        snapshot=("m", 1, str(number).encode()),
        orders=[(number + 1, b"o")],
    )
    number = journal.commit(batch)
    print(number, flush=True)
"""


@pytest.fixture(scope="module")
def running(
    tmp_path_factory: pytest.TempPathFactory, databases: Databases
) -> Iterator[PostgresServer]:
    home = tmp_path_factory.mktemp("home")
    databases.lay(home)
    started = open_postgres(home)
    assert isinstance(started, PostgresServer)
    yield started
    started.stop()
    remove_postgres(home)


def forget(admin_dsn: str) -> None:
    """Empty all tables, as no program may: a new database per test would cost seconds."""
    with psycopg.connect(admin_dsn) as connection:
        connection.execute("alter table journal disable trigger append_only")
        connection.execute("truncate journal, snapshot, inbox, outbox, halt, run_meta")
        connection.execute("alter table journal enable trigger append_only")


@pytest.fixture
def server(running: PostgresServer) -> PostgresServer:
    forget(running.admin_dsn)
    return running


def tick(number: int, tenant: str = "") -> Tick:
    return Tick(id=number, tenant=tenant, ts_event=number, ts_init=number, symbol="X", bid=1, ask=2)


def halted(number: int, tenant: str) -> TradingHalted:
    return TradingHalted(
        id=number, tenant=tenant, ts_event=number, ts_init=number, reason="r", by="b"
    )


def write_and_die(dsn: str, batches: int) -> int:
    """Let a program commit until killed in the act; return the last position it was sure of."""
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, dsn], stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout is not None
        sure = [int(writer.stdout.readline()) for _ in range(batches)]
        writer.kill()
        sure += [int(line) for line in writer.stdout.read().split("\n")[:-1] if line]
    return sure[-1]


def require_whole(journal: PostgresJournal, sure: int) -> None:
    last = journal.last_position()
    found = list(journal.read())
    assert last >= sure
    assert last % 7 == 0
    assert [each.position for each in found] == list(range(1, last + 1))
    assert journal.load_inbox("m") == (last - 7, "c")
    assert journal.load_snapshot("m") == (last, 1, str(last - 7).encode())
    assert len(journal.unconfirmed_orders()) == last // 7
    assert journal.stream_version("main") == last


def test_every_acknowledged_batch_survives_the_kill_of_its_writer(server: PostgresServer) -> None:
    for batches in (1, 4, 9):
        sure = write_and_die(server.dsn, batches)
        journal = PostgresJournal(server.dsn, wait_s=10)
        require_whole(journal, sure)
        journal.close()


def test_every_acknowledged_batch_survives_the_kill_of_the_server(tmp_path: Path) -> None:
    home = tmp_path / "home"
    server = open_postgres(home)
    assert isinstance(server, PostgresServer)
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, server.dsn],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as writer:
        assert writer.stdout is not None
        assert writer.stderr is not None
        sure = [int(writer.stdout.readline()) for _ in range(5)]
        assert server.pid
        for backend in [server.pid, *backends(server.pid)]:
            os.kill(backend, signal.SIGKILL)
        sure += [int(line) for line in writer.stdout.read().split()]
        assert "RetryError: PostgreSQL is away" in writer.stderr.read()
    shutil.rmtree(server.place.sockets)
    again = start_postgres(home)
    journal = PostgresJournal(again.dsn, wait_s=10)
    require_whole(journal, sure[-1])
    journal.close()
    again.stop()
    server.stop()
    remove_postgres(home)


def backends(postmaster: int) -> list[int]:
    import psutil

    return [child.pid for child in psutil.Process(postmaster).children(recursive=True)]


def test_the_rival_of_a_writer_is_refused_by_name(server: PostgresServer) -> None:
    journal = PostgresJournal(server.dsn)
    with pytest.raises(RetryError, match=f"process {os.getpid()}"):
        PostgresJournal(server.dsn, wait_s=0.05)
    journal.close()


def test_a_damaged_snapshot_is_reported_and_the_older_one_used(
    server: PostgresServer, caplog: pytest.LogCaptureFixture
) -> None:
    journal = PostgresJournal(server.dsn)
    for number in (1, 2, 3):
        journal.commit(Batch([tick(number)], snapshot=("m", 1, f"state {number}".encode())))
    with psycopg.connect(server.dsn) as connection:
        count = connection.execute("select count(*) from snapshot").fetchone()
        assert count == (2,)
        connection.execute("update snapshot set state = 'torn' where position = 3")
    assert journal.load_snapshot("m") == (2, 1, b"state 2")
    assert "snapshot of m at 3 is damaged" in caplog.text
    with psycopg.connect(server.dsn) as connection:
        connection.execute("update snapshot set version = 9")
    assert journal.load_snapshot("m") is None
    journal.close()


def test_a_torn_frame_is_no_message(server: PostgresServer) -> None:
    journal = PostgresJournal(server.dsn)
    journal.commit(Batch([tick(number) for number in range(1, 400)]))
    with psycopg.connect(server.admin_dsn) as connection:
        connection.execute("alter table journal disable trigger append_only")
        connection.execute("update journal set payload = substring(payload for 200)")
        connection.execute("alter table journal enable trigger append_only")
    with pytest.raises(Exception, match="journal row 399"):
        list(journal.read())
    journal.close()


def test_a_foreign_row_stops_the_writer(server: PostgresServer) -> None:
    journal = PostgresJournal(server.dsn)
    with psycopg.connect(server.admin_dsn) as connection:
        connection.execute(
            "insert into journal values (1, 1, '', 'main', 1, 'Tick', 1, 0, 1, 1, 1, 'x')"
        )
    with pytest.raises(ConcurrencyError, match="moved under its writer"):
        journal.commit(Batch([tick(1)]))
    journal.close()


def test_a_tenant_reads_the_log_of_its_own(server: PostgresServer) -> None:
    journal = PostgresJournal(server.dsn)
    journal.commit(Batch([tick(1), halted(2, "a"), halted(3, "b"), tick(4), tick(5, "b")]))
    with psycopg.connect(server.tenant_dsn) as connection:
        connection.execute("set assay.tenant = 'a'")
        assert [each.position for each in read_journal(connection)] == [1, 2, 4]
        assert [each.position for each in read_journal(connection, tenant="b")] == []
    journal.close()


def test_a_long_log_is_read_in_pages(server: PostgresServer) -> None:
    journal = PostgresJournal(server.dsn)
    for start in range(0, 300, 3):
        journal.commit(Batch([tick(start + 1), halted(start + 2, "a"), tick(start + 3)]))
    assert [each.message.id for each in journal.read()] == list(range(1, 301))
    assert [each.message.id for each in journal.read(150, kinds=["TradingHalted"])] == list(
        range(152, 300, 3)
    )
    journal.close()


def test_a_refused_part_takes_the_whole_batch_back(server: PostgresServer) -> None:
    journal = PostgresJournal(server.dsn)
    with psycopg.connect(server.admin_dsn) as connection:
        connection.execute("revoke insert on outbox from assay_platform")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        journal.commit(Batch([tick(1)], orders=[(1, b"x")]))
    assert journal.last_position() == 0
    assert list(journal.read()) == []
    with psycopg.connect(server.admin_dsn) as connection:
        connection.execute("grant insert on outbox to assay_platform")
    assert journal.commit(Batch([tick(1)], orders=[(1, b"x")])) == 1
    journal.close()

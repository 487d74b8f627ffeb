"""The analytics store: one owner per home, many clients, any kill."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from assay.model.errors import DataError, OperatorError, RetryError, UsageError
from assay.runtime.clock import wait_for
from assay.runtime.home import Home, open_home
from assay.runtime.stores.clickhouse import (
    Analytics,
    apply_migrations,
    open_analytics,
    owner_pid,
    stop_owner,
)
from assay.runtime.stores.clickhouse.address import socket_path

TABLE = "CREATE TABLE IF NOT EXISTS ticks (ts Int64, bid Int64) ENGINE = MergeTree ORDER BY ts"
COUNT = "SELECT toInt64(count()) AS n, toInt64(sum(bid)) AS total FROM ticks"


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    found = open_home(tmp_path / "home")
    yield found
    assert stop_owner(found), "the owner is still alive"


@pytest.fixture
def analytics(home: Home) -> Iterator[Analytics]:
    with open_analytics(home, idle_s=20, timeout_s=30) as opened:
        opened.execute(TABLE)
        yield opened


def ticks(count: int, start: int = 0) -> pa.Table:
    numbers = pa.array(range(start, start + count), pa.int64())
    return pa.table({"ts": numbers, "bid": numbers})


def count_rows(analytics: Analytics) -> int:
    return int(analytics.query(COUNT).to_pylist()[0]["n"])


def test_rows_come_back_as_they_went_in(analytics: Analytics) -> None:
    analytics.insert("ticks", ticks(10_000))
    assert analytics.query("SELECT ts, bid FROM ticks ORDER BY ts").equals(
        ticks(10_000).cast(pa.schema([pa.field(n, pa.int64(), False) for n in ("ts", "bid")]))
    )


def test_parameters_are_values_and_never_sql(analytics: Analytics) -> None:
    nasty = "o'x\\n\"\t\n\r\0`{}; DROP TABLE ticks --é"
    values = {"s": nasty, "l": [nasty, "", "],["], "n": None, "i": -(2**62), "f": 0.1, "b": True}
    row = analytics.query(
        "SELECT {s:String} s, {l:Array(String)} l, {n:Nullable(Int64)} n, {i:Int64} i, "
        "{f:Float64} f, {b:Bool} b",
        values,
    ).to_pylist()[0]
    assert row == values


def test_refusals_come_back_as_errors(analytics: Analytics) -> None:
    with pytest.raises(DataError, match="nowhere"):
        analytics.query("SELECT * FROM nowhere")
    with pytest.raises(DataError, match="absent"):
        analytics.query("SELECT {absent:Int64}")
    with pytest.raises(DataError, match="1 or 1"):
        analytics.query("SELECT {i:Int64}", {"i": "1 or 1"})
    with pytest.raises(DataError, match="ask"):
        analytics.insert("ticks", pa.table({"ts": [1], "ask": [2]}))
    with pytest.raises(UsageError, match="no table"):
        analytics.insert("ticks; DROP TABLE ticks", ticks(1))
    assert count_rows(analytics) == 0


def test_a_missing_value_is_never_stored_as_zero(analytics: Analytics) -> None:
    with pytest.raises(DataError, match="NULL"):
        analytics.insert("ticks", pa.table({"ts": [1, 2], "bid": pa.array([5, None], pa.int64())}))
    assert count_rows(analytics) == 0
    analytics.execute("CREATE TABLE v (ts Int64, n Nullable(Int64)) ENGINE = MergeTree ORDER BY ts")
    rows = pa.table({"ts": [1, 2], "n": pa.array([5, None], pa.int64())})
    analytics.insert("v", rows)
    assert analytics.query("SELECT n FROM v ORDER BY ts").column("n").to_pylist() == [5, None]


def test_threads_share_one_client(analytics: Analytics) -> None:
    failures: list[BaseException] = []

    def work(worker: int) -> None:
        try:
            for turn in range(20):
                value = worker * 1000 + turn
                row = analytics.query("SELECT {v:Int64} AS v", {"v": value}).to_pylist()[0]
                assert row["v"] == value
                analytics.insert("ticks", ticks(50, start=value * 50))
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(worker,)) for worker in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not failures
    assert count_rows(analytics) == 4 * 20 * 50


def test_racing_processes_get_one_owner(home: Home) -> None:
    code = (
        "import sys; from pathlib import Path; from assay.runtime.home import open_home\n"
        "from assay.runtime.stores.clickhouse import open_analytics, owner_pid\n"
        "home = open_home(Path(sys.argv[1]))\n"
        "with open_analytics(home, idle_s=10): print(owner_pid(home), 'chdb' in sys.modules)"
    )
    command = [sys.executable, "-c", code, str(home.path)]
    racers = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    answers = [racer.communicate(timeout=60)[0].strip() for racer in racers]
    assert [racer.returncode for racer in racers] == [0, 0, 0]
    assert set(answers) == {f"{owner_pid(home)} False"}


def insert_until_lost(
    analytics: Analytics, batch: int, acknowledged: int, killer: threading.Thread
) -> int:
    while killer.is_alive():  # a kill between two calls is no loss: the next has a new owner
        try:
            analytics.insert("ticks", ticks(batch, start=acknowledged * batch))
        except RetryError:
            return acknowledged
        acknowledged += 1
    return acknowledged


def test_a_killed_owner_leaves_whole_batches(analytics: Analytics, home: Home) -> None:
    batch = 2_000
    acknowledged = 0
    for kill in range(3):
        pid = owner_pid(home)
        assert pid is not None
        killer = threading.Timer(0.05 * (kill + 1), os.kill, (pid, signal.SIGKILL))
        killer.start()
        acknowledged = insert_until_lost(analytics, batch, acknowledged, killer)
        killer.join()
        rows = count_rows(analytics)
        assert rows % batch == 0
        assert acknowledged * batch <= rows <= (acknowledged + 1) * batch
        acknowledged = rows // batch
    assert owner_pid(home) is not None


def test_an_owner_without_clients_ends_by_itself(home: Home) -> None:
    open_analytics(home, idle_s=0.1).close()
    assert wait_for(lambda: owner_pid(home) is None, seconds=20)
    assert not socket_path(home).exists()


def test_an_owner_outlives_no_killed_client(home: Home) -> None:
    code = (
        "import os, sys; from pathlib import Path; from assay.runtime.home import open_home\n"
        "from assay.runtime.stores.clickhouse import open_analytics\n"
        "open_analytics(open_home(Path(sys.argv[1])), idle_s=0.1); os.kill(os.getpid(), 9)"
    )
    ended = subprocess.run([sys.executable, "-c", code, str(home.path)], timeout=60, check=False)
    assert ended.returncode == -signal.SIGKILL
    assert wait_for(lambda: owner_pid(home) is None, seconds=20)


def test_a_long_path_gets_a_short_private_socket(tmp_path: Path) -> None:
    home = open_home(tmp_path / ("long" * 30))
    with open_analytics(home, idle_s=5) as analytics:
        assert analytics.query("SELECT toInt64(1) AS one").to_pylist() == [{"one": 1}]
    path = socket_path(home)
    assert len(str(path)) < 100
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert stop_owner(home)
    path.parent.rmdir()


def test_migrations_are_applied_once(analytics: Analytics, tmp_path: Path) -> None:
    folder = tmp_path / "sql"
    folder.mkdir()
    first = folder / "0001_bars.sql"
    first.write_text(
        "-- bars; by close\nCREATE TABLE IF NOT EXISTS bars (ts Int64) ENGINE = MergeTree\n"
        "ORDER BY ts;\nINSERT INTO bars SELECT 7 WHERE (SELECT count() FROM bars) = 0;\n"
    )
    assert apply_migrations(analytics, folder) == [1]
    assert apply_migrations(analytics, folder) == []
    (folder / "0002_side.sql").write_text("ALTER TABLE bars ADD COLUMN IF NOT EXISTS side String;")
    assert apply_migrations(analytics, folder) == [2]
    assert analytics.query("SELECT ts, side FROM bars").to_pylist() == [{"ts": 7, "side": ""}]
    (folder / "0002_side.sql").unlink()
    with pytest.raises(OperatorError, match="newer program"):
        apply_migrations(analytics, folder)
    (folder / "0002_side.sql").write_text("ALTER TABLE bars ADD COLUMN IF NOT EXISTS x String;")
    with pytest.raises(DataError, match="0002_side"):
        apply_migrations(analytics, folder)

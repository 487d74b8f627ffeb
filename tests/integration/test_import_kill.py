"""An import that is killed leaves nothing visible, and the next one cleans up after it."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from assay.market.history import (
    commit_import,
    digest,
    fingerprint_file,
    prepare_schema,
    remove_unfinished,
)
from assay.market.quality import assess
from assay.market.reading import ReadRequest, find_source
from assay.model.time import parse_time
from assay.runtime.home import Home, open_home
from assay.runtime.stores.clickhouse import Analytics, open_analytics, stop_owner

NOW = parse_time("2026-01-01")
WRITES = 4
"""The start mark, the bars, the rejected rows, and the row that makes them visible."""

KILLED = """
import os, signal, sys
from pathlib import Path
from assay.market.history import commit_import, fingerprint_file
from assay.market.quality import assess
from assay.market.reading import ReadRequest, find_source
from assay.runtime.home import open_home
from assay.runtime.stores.clickhouse import open_analytics

home, path, last = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])

class Dying:
    def __init__(self, store):
        self.store, self.writes = store, 0
        self.query, self.execute = store.query, store.execute

    def insert(self, table, rows):
        if self.writes == last:
            os.kill(os.getpid(), signal.SIGKILL)
        self.writes += 1
        self.store.insert(table, rows)

found = assess(find_source("csv").read(ReadRequest(path=path)))
with open_analytics(open_home(home)) as store:
    commit_import(Dying(store), fingerprint_file(path, "csv", {}), found, 0)
"""


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    found = open_home(tmp_path / "home")
    yield found
    assert stop_owner(found), "the owner is still alive"


@pytest.fixture
def store(home: Home) -> Iterator[Analytics]:
    with open_analytics(home) as opened:
        prepare_schema(opened)
        yield opened


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "EURUSD_M1_kill.csv"
    rows = [f"2019-03-01 {n // 60:02d}:{n % 60:02d}:00,1.1,1.2,1.0,1.1" for n in range(600)]
    rows[100] = "2019-03-01 01:40:00,1.1,1.0,1.2,1.1"
    path.write_text("\n".join(["time,open,high,low,close", *rows]) + "\n")
    return path


def import_here(store: Analytics, path: Path) -> tuple[int, dict[str, int]]:
    found = assess(find_source("csv").read(ReadRequest(path=path)))
    outcome = commit_import(store, fingerprint_file(path, "csv", {}), found, NOW)
    return outcome.accepted, outcome.rejected


@pytest.mark.running
def test_a_killed_import_is_invisible_and_the_next_one_is_whole(
    home: Home, store: Analytics, file: Path
) -> None:
    before = digest(store)
    for last in range(WRITES):
        told = [sys.executable, "-c", KILLED, str(home.path), str(file), str(last)]
        ended = subprocess.run(told, capture_output=True, timeout=120, check=False)
        assert ended.returncode == -signal.SIGKILL, ended.stderr
        assert digest(store) == before, f"killed before write {last}"
    assert import_here(store, file) == (599, {"inconsistent": 1})
    whole = digest(store)
    assert {table: row["rows"] for table, row in whole.items()} == {
        "bars": 599, "ticks": 0, "rejects": 1, "imports": 1,
    }  # fmt: skip
    held = store.query("SELECT toInt64(count()) AS rows FROM bars").to_pylist()
    assert held == [{"rows": 599}], "rows of killed imports are still there"
    assert import_here(store, file) == (0, {"duplicate": 600})
    assert digest(store) == whole


@pytest.mark.running
def test_unfinished_imports_are_removed_and_finished_ones_stay(
    home: Home, store: Analytics, file: Path
) -> None:
    import_here(store, file)
    whole = digest(store)
    other = file.with_name("GBPUSD_M1_kill.csv")
    other.write_text(file.read_text())
    told = [sys.executable, "-c", KILLED, str(home.path), str(other), "3"]
    subprocess.run(told, capture_output=True, timeout=120, check=False)
    assert store.query("SELECT DISTINCT symbol FROM bars").num_rows == 2
    remove_unfinished(store)
    assert store.query("SELECT DISTINCT symbol FROM bars").num_rows == 1
    assert digest(store) == whole

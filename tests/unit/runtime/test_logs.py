from __future__ import annotations

import io
from pathlib import Path

import pytest

from assay.model.errors import UsageError
from assay.runtime.clock import SimClock
from assay.runtime.home import Home, open_home
from assay.runtime.logs import follow_logs, open_log, read_logs


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return open_home(tmp_path / "home", SimClock(1_500_000_000))


def test_an_entry_reaches_file_and_stream(home: Home) -> None:
    stream = io.StringIO()
    log = open_log(home, "up", stream=stream).bind(run=7)
    log.info("started", port=7000)
    log.debug("unseen")
    (entry,) = read_logs(home, count=10)
    assert {"event": "started", "run": 7, "port": 7000, "process": "up"}.items() <= entry.items()
    assert stream.getvalue() == "00:00:01.500 info    started run=7 port=7000\n"


def test_secrets_never_reach_a_log(home: Home) -> None:
    stream = io.StringIO()
    log = open_log(home, "up", stream=stream)
    log.info("login", password="hunter2", nested={"api_key": "hunter2"}, dsn="hunter2")
    log.warning("connecting to postgresql://me:hunter2@db/x with token=hunter2")
    written = b"".join(path.read_bytes() for path in (home.path / "logs").iterdir())
    assert b"hunter2" not in written
    assert "hunter2" not in stream.getvalue()


def test_files_stay_within_their_bound(home: Home) -> None:
    log = open_log(home, "up", file_bytes=2_000, files=3, stream=None)
    other = open_log(home, "up", file_bytes=2_000, files=3, stream=None)
    for number in range(200):
        (log if number % 2 else other).info("line", number=number)
    files = list((home.path / "logs").iterdir())
    assert len(files) == 3
    assert all(path.stat().st_size <= 2_000 for path in files)
    numbers = [entry["number"] for entry in read_logs(home, count=10)]
    assert numbers == list(range(190, 200))


def test_reading_filters_by_process_and_level(home: Home) -> None:
    open_log(home, "up", stream=None).warning("low fuel")
    open_log(home, "web", stream=None).info("hello")
    assert [each["event"] for each in read_logs(home, count=9, process="web")] == ["hello"]
    assert [each["event"] for each in read_logs(home, count=9, level="warning")] == ["low fuel"]
    with pytest.raises(UsageError, match="loud"):
        read_logs(home, count=9, level="loud")


def test_following_sees_what_comes_later_over_a_rotation(home: Home) -> None:
    log = open_log(home, "up", file_bytes=1_000, files=3, stream=None)
    log.info("old")
    turns = iter(range(6))

    def write_more() -> bool:
        turn = next(turns)
        log.info("new", turn=turn, padding="x" * 200)
        return turn == 5

    seen = [entry["turn"] for entry in follow_logs(home, until=write_more)]
    assert seen == [0, 1, 2, 3, 4, 5]

"""A supervisor owns its children: restarts, orderly stops, and kills of any kind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import psutil
import pytest

from assay.model.errors import OperatorError, RetryError
from assay.runtime.clock import Deadline, SystemClock, wait_for
from assay.runtime.home import Home, open_home
from assay.runtime.logs import Logger, open_log
from assay.runtime.stores.postgres import remove_postgres
from assay.runtime.supervisor import (
    ChildState,
    PlatformState,
    Program,
    Supervisor,
    platform_status,
    read_state,
    require_port,
    stop_platform,
)
from assay.runtime.supervisor.state import describe_process, write_state

WATCHES = (
    "import signal\nfrom assay.runtime.supervisor.leash import watch_parent\n"
    "assert watch_parent(grace_s=0.5)\nsignal.pause()"
)
DEAF = (
    "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    "print('deaf', flush=True)\nsignal.pause()"
)
SUPERVISES = """
import sys
from pathlib import Path
from assay.runtime.clock import SystemClock
from assay.runtime.home import open_home
from assay.runtime.logs import open_log
from assay.runtime.stores.clickhouse import open_analytics
from assay.runtime.stores.postgres import start_postgres
from assay.runtime.supervisor import Program, Supervisor, stop_signals

home = open_home(Path(sys.argv[1]))
watches, stores = sys.argv[2], sys.argv[3] == "stores"
with stop_signals() as stopping, Supervisor(home, SystemClock(), open_log(home, "up")) as tree:
    for name in ("trader", "web"):
        tree.start(Program(name=name, argv=(sys.executable, "-c", watches, name)))
    opened = [open_analytics(home), start_postgres(home.path)] if stores else []
    (home.path / "ready").touch()
    tree.run(stopping)
    if opened:
        opened[0].close()
        opened[1].stop()
"""


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return open_home(tmp_path / "home")


@pytest.fixture
def log(home: Home) -> Logger:
    return open_log(home, "up", stream=None)


@pytest.fixture
def platform(home: Home) -> Iterator[subprocess.Popen[bytes]]:
    yield from _start(home, "bare")


@pytest.fixture
def platform_with_stores(home: Home) -> Iterator[subprocess.Popen[bytes]]:
    yield from _start(home, "stores")


def _start(home: Home, stores: str) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [sys.executable, "-c", SUPERVISES, str(home.path), WATCHES, stores],
        stderr=subprocess.PIPE,
    )
    assert wait_for((home.path / "ready").exists, seconds=30), process.poll()
    yield process
    process.kill()
    process.communicate()
    stop_platform(home)
    remove_postgres(home.path)
    assert not processes_of(home)


def processes_of(home: Home) -> list[psutil.Process]:
    """Return whoever names the home on the command line or stands in its state file."""
    found = []
    for process in psutil.process_iter():
        try:
            if str(home.path) in process.cmdline() and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue
    return found


def children_of(home: Home) -> list[int]:
    state = read_state(home)
    assert state is not None
    return [child.pid for child in state.children]


def are_gone(pids: list[int]) -> bool:
    return not any(
        psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
        for pid in pids
    )


def python(name: str, code: str, **more: object) -> Program:
    return msgspec.convert({"name": name, "argv": [sys.executable, "-c", code], **more}, Program)


def test_an_orderly_stop_leaves_nothing(
    home: Home, platform_with_stores: subprocess.Popen[bytes]
) -> None:
    pids = children_of(home)
    status = platform_status(home)
    assert (status["running"], status["pid"]) == (True, platform_with_stores.pid)
    assert [child["status"] for child in status["children"]] == ["running", "running"]
    assert status["analytics"]
    assert status["postgres"]
    report = stop_platform(home)
    assert report.was_running
    assert set(report.ended) == {"up", "analytics"}
    assert not report.killed
    assert platform_with_stores.wait(10) == 0
    assert are_gone([*pids, status["analytics"]])
    assert read_state(home) is None
    after = platform_status(home)
    assert not any(after[key] for key in ("running", "analytics", "postgres"))


def test_children_end_with_a_killed_supervisor(
    home: Home, platform: subprocess.Popen[bytes]
) -> None:
    pids = children_of(home)
    assert len(pids) == 2
    platform.kill()
    platform.wait(10)
    assert wait_for(lambda: are_gone(pids), seconds=20)
    assert not platform_status(home)["leftovers"]
    report = stop_platform(home)
    assert not report.was_running
    assert read_state(home) is None


def test_stop_ends_what_a_killed_platform_left(
    home: Home, platform_with_stores: subprocess.Popen[bytes]
) -> None:
    platform_with_stores.kill()
    platform_with_stores.wait(10)
    with subprocess.Popen([sys.executable, "-c", DEAF], stdout=subprocess.PIPE) as deaf:
        assert deaf.stdout is not None
        deaf.stdout.readline()
        state = read_state(home)
        assert state is not None
        left = describe_process("deaf", deaf.pid)
        write_state(home, msgspec.structs.replace(state, children=(left,)))
        assert platform_status(home)["leftovers"]
        report = stop_platform(home)
        assert report.killed == ("deaf",)
        assert set(report.ended) == {"analytics", "postgres"}
        assert not report.in_use
        deaf.wait(10)
    assert not processes_of(home)
    after = platform_status(home)
    assert not any(after[key] for key in ("leftovers", "analytics", "postgres"))


def test_a_platform_that_has_not_yet_said_who_it_is_is_stopped(
    home: Home, platform: subprocess.Popen[bytes]
) -> None:
    lock = home.path / "locks" / "up.lock"
    told = lock.read_bytes()
    lock.write_bytes(b"")
    with ThreadPoolExecutor(1) as pool:
        stopping = pool.submit(stop_platform, home)
        lock.write_bytes(told)
        assert stopping.result(timeout=60).ended == ("up",)
    assert platform.wait(20) == 0


def test_endings_share_their_time(home: Home, log: Logger) -> None:
    with Supervisor(home, SystemClock(), log, stop_s=3_600) as tree:
        tree.start(python("deaf", DEAF))
        output = home.path / "logs" / "deaf.stderr"
        assert wait_for(lambda: b"deaf" in output.read_bytes(), seconds=20)
        tree.end("deaf", Deadline(0.01))
        assert [each.status for each in tree.states()] == ["done"]


def test_a_recycled_pid_is_never_touched(home: Home) -> None:
    with subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"]) as stranger:
        true = describe_process("trader", stranger.pid)
        for wrong in (
            msgspec.structs.replace(true, created=true.created - 100),
            msgspec.structs.replace(true, argv=("python", "-m", "another")),
        ):
            up = ChildState(name="up", pid=1, created=0.0, argv=())
            write_state(home, PlatformState(up=up, since=1, children=(wrong,)))
            assert stop_platform(home).ended == ()
            assert stranger.poll() is None
        stranger.kill()


def test_a_second_platform_is_refused_by_name(
    home: Home, platform: subprocess.Popen[bytes], log: Logger
) -> None:
    with pytest.raises(RetryError, match=rf"'up' of home .* process {platform.pid} since"):
        Supervisor(home, SystemClock(), log).__enter__()
    assert read_state(home) is not None


def test_a_crashed_child_starts_again_and_a_hopeless_one_is_given_up(
    home: Home, log: Logger, tmp_path: Path
) -> None:
    once = (
        f"from pathlib import Path; mark = Path({str(tmp_path / 'mark')!r})\n"
        "if not mark.exists(): mark.touch(); raise SystemExit(7)"
    )
    with Supervisor(home, SystemClock(), log) as tree:
        tree.start(python("once", once, backoff_s=0.01))
        tree.run(lambda: False)
        (child,) = tree.states()
        assert (child.status, child.restarts) == ("done", 1)
        tree.start(python("never", "raise SystemExit(9)", backoff_s=0.01, restarts_max=2))
        with pytest.raises(OperatorError, match=r"'never' crashed 3 times .*exit 9"):
            tree.run(lambda: False)


def test_what_is_not_vital_is_given_up_and_the_rest_goes_on(home: Home, log: Logger) -> None:
    with Supervisor(home, SystemClock(), log) as tree:
        tree.start(python("trader", "import signal; signal.pause()"))
        tree.start(
            python("web", "raise SystemExit(9)", backoff_s=0.01, restarts_max=1, vital=False)
        )
        tree.run(lambda: tree.states()[1].status == "failed")
        tree.check()
        assert [each.status for each in tree.states()] == ["running", "failed"]


def test_a_child_that_ignores_the_request_is_killed(home: Home, log: Logger) -> None:
    with Supervisor(home, SystemClock(), log, stop_s=0.2) as tree:
        pid = tree.start(python("deaf", DEAF))
        output = home.path / "logs" / "deaf.stderr"
        assert wait_for(lambda: b"deaf" in output.read_bytes(), seconds=20)
    assert are_gone([pid])


def test_one_child_ends_before_the_others(home: Home, log: Logger) -> None:
    with Supervisor(home, SystemClock(), log, stop_s=20) as tree:
        idle = "import time\nwhile True: time.sleep(0.05)"
        first, second = tree.start(python("first", idle)), tree.start(python("second", idle))
        tree.end("first")
        assert are_gone([first])
        assert psutil.pid_exists(second)
        tree.check()
        assert [child.status for child in tree.states()] == ["done", "running"]
    assert are_gone([second])


def test_what_is_left_to_do_is_done_before_the_end(home: Home, log: Logger, tmp_path: Path) -> None:
    done = tmp_path / "done"
    work = (
        "import time; from pathlib import Path; time.sleep(0.3)\n"
        "from assay.runtime.supervisor import stop_signals\n"
        "with stop_signals() as stopping:\n"
        "    while not stopping(): time.sleep(0.01)\n"
        f"    Path({str(done)!r}).touch()"
    )
    with Supervisor(home, SystemClock(), log, stop_s=20) as tree:
        tree.start(python("starting", work, orderly=True))
        tree.end("starting")
        assert done.exists()
        done.unlink()
        tree.start(python("crashed", work, orderly=True, backoff_s=60))
        os.kill(tree.states()[1].pid, signal.SIGKILL)
        tree.run(lambda: tree.states()[1].status == "waiting")
        tree.end("crashed")
        assert done.exists()


def test_a_taken_port_is_refused_by_name() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(RetryError, match=rf"port {port} .*process {os.getpid()} "):
            require_port("127.0.0.1", port)
    require_port("127.0.0.1", port)

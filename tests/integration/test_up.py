"""`assay up` as a person runs it: refusals by name, the kill switch, and nothing left behind."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import psutil
import pytest

from assay.apps.cli.console import run
from assay.apps.cli.main import build
from assay.apps.paper.models.lessons import read_teaching
from assay.apps.paper.plan import SAMPLE
from assay.runtime.clock import wait_for
from assay.runtime.home import Home, open_home
from assay.runtime.stores.postgres import remove_postgres
from tests.integration.killing import (
    LONG_S,
    call,
    child_of,
    events_of,
    kill_all,
    processes_of,
    start,
    trader_of,
)

SAMPLED = ("--source", "sample")

pytestmark = pytest.mark.running


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """Return a home of mode 700 in a parent of mode 700, reached through a symlink."""
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    (private / "home").mkdir(mode=0o700)
    link = tmp_path / "link"
    link.symlink_to(private)
    yield link / "home"
    kill_all(processes_of(private / "home"))
    remove_postgres(private / "home")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def ask_health(port: int) -> dict[str, Any]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=10) as answer:
        found: dict[str, Any] = json.load(answer)
    return found


def modes_above(path: Path) -> dict[str, int]:
    """Return the permissions of every folder from the root to a path, links resolved."""
    resolved = path.resolve()
    return {str(each): each.stat().st_mode for each in [resolved, *resolved.parents]}


def trades(home: Home, up: subprocess.Popen[bytes]) -> Callable[[], bool]:
    before = events_of(home)
    return lambda: up.poll() is not None or events_of(home) > before + 20


def end(up: subprocess.Popen[bytes]) -> str:
    """Interrupt the platform as Ctrl-C does and return what it told."""
    up.send_signal(signal.SIGINT)
    _, told = up.communicate(timeout=LONG_S)
    assert up.returncode == 130, told
    return told.decode()


@pytest.mark.long
def test_up_from_start_to_stop(home: Path) -> None:
    before, port = modes_above(home), free_port()
    up = start(*SAMPLED, "--port", str(port), home=home)
    opened = open_home(home)
    assert wait_for(trades(opened, up), seconds=LONG_S)
    assert up.poll() is None

    assert wait_for(lambda: answers(port), seconds=LONG_S)
    health = ask_health(port)
    assert (health["status"], health["halted"]) == ("ok", False)
    assert health["events"] > 0
    status = call("status", home=home)
    assert (status["running"], status["pid"], status["postgres"]) == (True, up.pid, True)
    assert {child["name"] for child in status["children"]} == {"trader", "audit", "store", "web"}

    refused = call("up", "--plain", "--port", str(port), home=home, code=4)
    assert f"'up' of home {home.resolve()}" in refused["error"]
    assert f"process {up.pid}" in refused["error"]
    other = home.parent / "other"
    refused = call("up", "--plain", "--port", str(port), home=other, code=4)
    assert f"port {port}" in refused["error"]
    web = next(child["pid"] for child in status["children"] if child["name"] == "web")
    assert f"process {web}" in refused["error"]

    assert call("halt", "--reason", "odd prices", "--by", "rini", home=home)["halted"]
    assert wait_for(lambda: bool(ask_health(port)["halted"]), seconds=LONG_S)
    assert "equity" in end(up)
    assert processes_of(home) == []

    again = start(*SAMPLED, "--port", str(port), home=home)
    assert wait_for(trades(opened, again), seconds=LONG_S)
    assert wait_for(lambda: answers(port), seconds=LONG_S)
    assert ask_health(port)["halted"]
    asked = call("resume", "--reason", "sane again", home=home)
    assert asked["halted"]
    assert ask_health(port)["halted"]
    refused = call("resume", "--reason", "sane", "--confirm", "000000", home=home, code=2)
    assert "code '000000' does not name the halt of now ('odd prices' by rini)" in refused["error"]
    confirmed = ("--confirm", asked["code"])
    assert not call("resume", "--reason", "sane again", *confirmed, home=home)["halted"]
    assert wait_for(lambda: not ask_health(port)["halted"], seconds=LONG_S)
    set_now = call("limits", "set", "collar_bp=150", "--reason", "thin hours", home=home)
    assert (set_now["holds"], set_now["limits"]) == (True, {"collar_bp": "150"})
    shown = {row["limit"]: row for row in call("limits", "show", home=home)["limits"]}
    assert (shown["collar_bp"]["value"], shown["collar_bp"]["waits"]) == ("150", None)
    assert call("stop", home=home)["ended"] == ["up"]
    assert again.wait(LONG_S) == 0
    again.communicate()
    assert processes_of(home) == []
    assert modes_above(home) == before


@pytest.mark.long
def test_stop_after_kills_leaves_no_process(home: Path) -> None:
    opened = open_home(home)
    for victim in ("trader", "up"):
        up = start(*SAMPLED, "--port", "0", home=home)
        assert wait_for(trades(opened, up), seconds=LONG_S)
        trader = trader_of(opened)
        assert trader is not None
        if victim == "up":
            trader.send_signal(signal.SIGSTOP)
            up.kill()
            up.wait(LONG_S)
        else:
            trader.kill()
        call("stop", home=home)
        up.communicate(timeout=LONG_S)
        assert processes_of(home) == [], victim


@pytest.mark.long
def test_the_kill_switch_while_nothing_runs(home: Path) -> None:
    for action, halted in (("halt", True), ("resume", False)):
        given = (
            () if halted else ("--confirm", call("resume", "--reason", "why", home=home)["code"])
        )
        assert call(action, "--reason", "nothing runs", *given, home=home)["halted"] is halted
        assert processes_of(home) == []
        figures = call("up", "--plain", *SAMPLED, "--for", "0.2", "--port", "0", home=home)
        assert (figures["halted"], figures["finished"]) == (halted, False)


def trainer_of(home: Home, up: subprocess.Popen[bytes], before: int = 0) -> psutil.Process:
    """Wait until the trainer labels, another one than `before`, and return it."""

    def found() -> psutil.Process | None:
        child, teaching = child_of(home, "trainer"), read_teaching(home)
        is_ours = child is not None and child.pid != before
        return child if is_ours and teaching and teaching.share > 0 else None

    assert wait_for(lambda: up.poll() is not None or found() is not None, seconds=LONG_S)
    trainer = found()
    assert trainer is not None, up.communicate()[1]
    return trainer


@pytest.mark.long
def test_up_teaches_a_model_once_whatever_happens_meanwhile(home: Path) -> None:
    opened, port = open_home(home), free_port()
    up = start("--port", "0", home=home)
    first = trainer_of(opened, up)
    with socket.create_server(("127.0.0.1", port)):
        refused = call("up", "--plain", "--port", str(port), home=home.parent / "other", code=4)
        assert f"port {port}" in refused["error"]
        assert read_teaching(open_home(home.parent / "other")) is None
    first.kill()
    second = trainer_of(opened, up, first.pid)
    up.kill()
    up.communicate()
    psutil.wait_procs([second], timeout=LONG_S)
    assert processes_of(home) == []

    up = start("--port", "0", home=home)
    trainer_of(opened, up)
    assert call("stop", home=home)["ended"] == ["up"]
    assert up.wait(LONG_S) == 0
    up.communicate()
    assert processes_of(home) == []
    assert not list((home / "models").glob("lightgbm-*"))

    # With a training in it, on a machine that other tests keep busy.
    figures = call("up", "--plain", "--for", "1", "--port", "0", home=home, seconds=3 * LONG_S)
    assert figures["events"] > 0
    taught = [(model, model.stat().st_mtime_ns) for model in (home / "models").glob("*/model.onnx")]
    assert len(taught) == 1
    again = start("--port", "0", home=home)
    assert wait_for(trades(opened, again), seconds=LONG_S)
    assert child_of(opened, "trainer") is None
    assert [(model, model.stat().st_mtime_ns) for model, _ in taught] == taught
    call("stop", home=home)
    _, told = again.communicate(timeout=LONG_S)
    assert b"training" not in told, told


@pytest.mark.parametrize(
    ("words", "code", "named"),
    [
        (["--source", "mt5"], 2, "'mt5'"),
        (["--source", "replay"], 2, "--data"),
        (["--source", "sample", "--data", "x.parquet"], 2, "--data"),
        (["--data", "/none/such.parquet"], 3, "/none/such.parquet"),
        (["--model", "none-such"], 2, "none-such"),
        (["--source", "sample", "--strategy", "ai"], 2, "--model"),
        (["--strategy", "sma-cross", "--model", "none-such"], 2, "none-such"),
        (["--strength", "3"], 2, "strength"),
        (["--speed", "fast"], 2, "'fast'"),
        (["--for", "0"], 2, "--for"),
        (["--port", "70000"], 2, "--port"),
        (["--param", "fast"], 2, "fast"),
        (["--strategy", "none-such"], 2, "'none-such'"),
        (["--param", "pace=3"], 2, "'pace'"),
        (["--risk", "wild"], 2, "'wild'"),
        (["--source", "replay", "--data", "/none/such.parquet"], 3, "/none/such.parquet"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_line(
    words: list[str], code: int, named: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    told = ["up", "--plain", "--port", "0", *words, "--home", str(tmp_path / "home"), "--json"]
    assert run(build(), told) == code
    output = capfd.readouterr()
    assert output.out == ""
    assert named in output.err.splitlines()[-1]
    assert processes_of(tmp_path / "home") == []


def test_a_strategy_of_ones_own_backtests(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    home, sample = str(tmp_path / "home"), str(files("assay.market.history.sample") / SAMPLE)
    app = build()
    assert run(app, ["new", "strategy", "my-trend", "--home", home, "--json"]) == 0
    made = json.loads(capfd.readouterr().out)
    assert os.path.samefile(Path(made["path"]).parent, tmp_path / "home" / "strategies")
    test = ["backtest", "--strategy", "my-trend", "--data", sample, "--home", home, "--json"]
    figures = []
    for driver in ("sweep", "replay"):
        assert run(app, [*test, "--driver", driver]) == 0, capfd.readouterr().err
        figures.append(json.loads(capfd.readouterr().out))
    assert figures[0]["fills"] > 20
    assert figures[0]["digest"] == figures[1]["digest"]
    for name in ("my-trend", "sma-cross", "My Trend", "../x"):
        assert run(app, ["new", "strategy", name, "--home", home]) == 2

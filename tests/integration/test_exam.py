"""`assay broker exam` against a served terminal: told first, then sat, then read by the rest."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from assay.apps.cli.console import EXIT_DONE, EXIT_USAGE, run
from assay.apps.cli.main import build
from assay.apps.lab.feeds.brokerage import hourly_spreads
from assay.model.time import SECOND
from assay.trading.terminal import SimulatedTerminal, load_profile
from assay.trading.terminal.serving import TerminalHost
from tests.unit.trading.exam.planted import (
    open_terminal,
    plant_spreads,
    plant_symbol,
    planted_broker,
)

BROKER = planted_broker(
    plant_symbol("EURUSD", ("2", "0.1", "2", "0.3"), spreads=plant_spreads(6, (8, 14), (30, 60))),
    seed=6,
)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[str, SimulatedTerminal]]:
    terminal = open_terminal(BROKER, seed=6, step=30 * SECOND, moves=8.0)
    host = TerminalHost(terminal)
    address = tmp_path / "terminal.json"
    host.write_address(address)
    thread = threading.Thread(target=host.run, daemon=True)
    thread.start()
    try:
        yield f"sim:{address}", terminal
    finally:
        host.stop()
        thread.join(10)


@pytest.mark.running
def test_an_exam_is_told_armed_and_sat_and_its_profile_read(
    served: tuple[str, SimulatedTerminal], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    terminal, simulated = served
    out = tmp_path / "exam"
    asked = [
        "broker", "exam", "--terminal", terminal, "--symbols", "EURUSD", "--orders", "12",
        "--money", "20", "--hours", "0.5", "--history-days", "7", "--out", str(out), "--json",
    ]  # fmt: skip
    assert run(build(), asked) == EXIT_DONE
    told = msgspec.json.decode(capsys.readouterr().out)
    assert (told["login"], told["orders"], told["lots"]) == (4_711, 12, {"EURUSD": 0.01})
    assert simulated.server.desks[4_711].book.past == []
    assert not out.exists()

    assert run(build(), [*asked, "--confirm", "1"]) == EXIT_USAGE
    assert "names login 1" in capsys.readouterr().err
    assert run(build(), [*asked, "--confirm", "4711"]) == EXIT_DONE
    found = capsys.readouterr()
    assert "at most 12 orders of 0.01 lots of EURUSD" in found.err
    assert "latency p99" in msgspec.json.decode(found.out)["unsure"]
    made = "exam.json findings.json hours.csv profile.json report.html spread-EURUSD.svg"
    assert {path.name for path in out.iterdir()} == set(made.split())
    rows = (out / "hours.csv").read_text().splitlines()
    assert len(rows) == 1 + 120
    profile = load_profile(out / "profile.json")
    hours = hourly_spreads(profile, "EURUSD")
    assert hours is not None
    assert sum(each is not None for each in hours.points) == 120
    assert SimulatedTerminal(profile, start=1).initialize()

"""A start puts the trial ledger into the audited record, and the record is held against it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from shutil import rmtree

import pytest

from assay.apps.cli.console import run
from assay.apps.cli.main import build
from assay.apps.config import Config
from assay.apps.paper.plan import Plan
from assay.apps.paper.preparing import prepare_plan
from assay.apps.paper.trader import PaperTrader
from assay.books.trials import Trial, TrialLedger
from assay.model.messages import PlatformRecovered, PlatformStarted
from assay.runtime.clock import SimClock
from assay.runtime.home import Home, open_home
from assay.runtime.journal import PostgresJournal
from assay.runtime.stores.postgres import open_postgres, remove_postgres
from assay.trading.brokers.paper import PaperBroker


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    opened = open_home(tmp_path / "home")
    yield opened
    remove_postgres(opened.path)


def enter(home: Home, name: str) -> str:
    trial = Trial(
        at=1, kind="backtest", who="w", symbols=("EURUSD",), start=0, end=9, strategy="s",
        parameters=name, data="d",
    )  # fmt: skip
    return TrialLedger(home).enter(trial).hash


def start(home: Home, journal: PostgresJournal, trials: tuple[int, str]) -> None:
    plan = Plan(source="sample")
    setup = prepare_plan(plan, Config(), home.path)
    broker = PaperBroker(home.folder("broker") / "paper.jsonl")
    trader = PaperTrader(setup, "one", journal, broker, SimClock(1))
    trader.trials = trials
    trader.recover()
    broker.close()


def test_a_ledger_thrown_away_is_found_by_the_record(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    def verify(*words: str) -> int:
        return run(build(), ["trials", "verify", *words, "--home", str(home.path)])

    assert verify("--audit") == 0
    server = open_postgres(home.path)
    journal = PostgresJournal(server.dsn)
    sealed = []
    for name in ("a", "b"):
        sealed.append((len(sealed) + 1, enter(home, name)))
        start(home, journal, sealed[-1])
    found = [each.message for each in journal.read(kinds=("PlatformStarted", "PlatformRecovered"))]
    assert [type(each) for each in found] == [PlatformStarted, PlatformRecovered]
    told = [(each.trial_lines, each.trials_hash) for each in found]  # type: ignore[attr-defined]
    assert told == sealed
    assert verify("--audit") == 0
    rmtree(TrialLedger(home).path)
    enter(home, "c")
    assert verify() == 0
    capsys.readouterr()
    assert verify("--audit") == 3
    assert "at line 1: another line was there" in capsys.readouterr().err
    journal.close()
    server.stop()

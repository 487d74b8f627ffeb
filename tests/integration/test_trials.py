"""A start puts trials and governance into the audited record, which they are held against."""

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
from assay.apps.paper.trader.hotpath import PaperTrader
from assay.books.governance import Act, GovernanceLog, Scope
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


def promote(home: Home, model: str) -> str:
    act = Act(
        at=1, act="promoted", who="w", scope=Scope(("EURUSD",), 60), model=model, digest="d",
        before="",
    )  # fmt: skip
    return GovernanceLog(home).promote(act, expected=None).hash


def start(
    home: Home, journal: PostgresJournal, trials: tuple[int, str], governance: tuple[int, str]
) -> None:
    plan = Plan(source="sample")
    setup = prepare_plan(plan, Config(), home.path)
    broker = PaperBroker(home.folder("broker") / "paper.jsonl")
    trader = PaperTrader(setup, "one", journal, broker, SimClock(1))
    trader.trials, trader.governance = trials, governance
    trader.recover()
    broker.close()


def test_a_ledger_thrown_away_is_found_by_the_record(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    def verify(*words: str, what: str = "trials") -> int:
        return run(build(), [what, "verify", *words, "--home", str(home.path)])

    assert verify("--audit") == verify("--audit", what="models") == 0
    server = open_postgres(home.path)
    journal = PostgresJournal(server.dsn)
    sealed, governed = [], []
    for name in ("a", "b"):
        sealed.append((len(sealed) + 1, enter(home, name)))
        governed.append((len(governed) + 1, promote(home, name)))
        start(home, journal, sealed[-1], governed[-1])
    found = [each.message for each in journal.read(kinds=("PlatformStarted", "PlatformRecovered"))]
    assert [type(each) for each in found] == [PlatformStarted, PlatformRecovered]
    told = [(each.trial_lines, each.trials_hash) for each in found]  # type: ignore[attr-defined]
    assert told == sealed
    told = [(each.governance_lines, each.governance_hash) for each in found]  # type: ignore[attr-defined]
    assert told == governed
    assert verify("--audit") == verify("--audit", what="models") == 0
    rmtree(GovernanceLog(home).path)
    promote(home, "c")
    assert verify(what="models") == 0
    capsys.readouterr()
    assert verify("--audit", what="models") == 3
    assert "governance log does not hold at line 1: another line was" in capsys.readouterr().err
    rmtree(TrialLedger(home).path)
    enter(home, "c")
    assert verify() == 0
    capsys.readouterr()
    assert verify("--audit") == 3
    assert "at line 1: another line was there" in capsys.readouterr().err
    journal.close()
    server.stop()

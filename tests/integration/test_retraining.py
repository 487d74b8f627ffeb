"""A champion is looked after: a challenger in time, held to it from one start, promoted if better.

Each step is a run of its own, as a clock would begin it, on files that grew.
"""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path
from shutil import copytree
from threading import Thread
from typing import Any

import pytest
from msgspec.structs import replace

from assay.apps.cli.console import run
from assay.apps.cli.main import build
from assay.apps.lab.champions.retraining import RetrainingRequest
from assay.apps.lab.champions.retraining import retrain as retrain_champion
from assay.apps.lab.champions.serving import promote_model
from assay.apps.lab.models.forecasting import with_model
from assay.apps.lab.models.training import TrainingRequest, train_model
from assay.apps.lab.runs.drivers import feed_messages
from assay.apps.lab.runs.setup import prepare
from assay.apps.paper.control.orders import pending_orders
from assay.apps.paper.models.candidates import Candidates
from assay.apps.paper.models.succession import Succession
from assay.apps.paper.plan import Plan
from assay.apps.paper.trader.hotpath import PaperTrader
from assay.books.governance import Act, GovernanceLog, Retraining, stand
from assay.books.trials import TrialLedger
from assay.market.series import BarSeries
from assay.market.simulation import Scenario, simulate
from assay.market.sources.parquet import write_parquet
from assay.model.errors import UsageError
from assay.model.messages import ModelPromoted
from assay.model.time import Timeframe
from assay.runtime.clock import SimClock, wait_for
from assay.runtime.home import Home, open_home
from assay.runtime.ids import seeded_generator
from assay.runtime.journal import MemoryJournal
from assay.signals.calibration import StepTable
from assay.signals.drift import measure_reference, read_reference, write_reference
from assay.signals.features import standard_set
from assay.signals.labels import Bracket
from assay.signals.prediction import read_artifact, write_artifact
from assay.trading.brokers.paper import PaperBroker
from assay.trading.engine.loading import load_strategy
from tests.replay.markets import generate_bars
from tests.replay.taught import make_model

BY_HAND = 4_500
"""Bars on which one that claims nothing is shown to be better than one that claims too much."""
HORIZON, BARS, TAUGHT, GROWN = 6, 11_000, 6_500, 7_500
LONG_AGO, NEVER = 1, 100_000


@pytest.fixture(scope="module")
def series() -> BarSeries:
    scenario = Scenario(
        seed=3, bars=BARS, strength=0.9, timeframe=Timeframe.H1, symbols=("EURUSD",)
    )  # fmt: skip
    (market,) = simulate(scenario)
    return market.bars


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, series: BarSeries) -> Home:
    """Return a home whose champion was taught the first bars."""
    place = open_home(tmp_path_factory.mktemp("retrained") / "home")
    made = train_model(
        TrainingRequest(
            series=[series], until=int(series.ts_open[TAUGHT]), models=place.folder("models"),
            family="xgboost", bracket=Bracket(horizon=HORIZON, stop=1.0, target=1.0), seed=4,
        )
    )  # fmt: skip
    promote_model(place, made["model"])
    return place


def champion_of(home: Home) -> str:
    (standing,) = stand(GovernanceLog(home).lines()).values()
    return standing.champion


def looks(home: Home) -> int:
    return (TrialLedger(home).path / "ledger.jsonl").read_text().count("\n")


def step(home: Home, folder: Path, bars: BarSeries, *words: object) -> dict[str, Any]:
    path = folder / f"eurusd_h1_{len(bars)}.parquet"
    write_parquet(bars, path)
    asked = RetrainingRequest(home=home, data=[path], **dict(words))  # type: ignore[arg-type]
    return retrain_champion(asked)


def test_a_champion_is_looked_after_step_by_step(
    home: Home, series: BarSeries, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    champion, grown = champion_of(home), series.select(slice(GROWN))
    content = step(home, tmp_path, grown, ("every", NEVER))
    assert (content["step"], content["champion"]) == ("content", champion)

    trained = step(home, tmp_path, grown, ("every", LONG_AGO))
    assert trained["step"] == "trained", trained
    assert "days since its calibration, 1 are allowed" in trained["reasons"][0]
    challenger = trained["challenger"]
    assert challenger.startswith("xgboost-")
    assert challenger != champion

    waiting = step(home, tmp_path, grown, ("every", LONG_AGO))
    assert (waiting["step"], waiting["challenger"]) == ("waiting", challenger)

    held = step(home, tmp_path, series, ("every", LONG_AGO), ("patience", NEVER))
    assert held["step"] in ("compared", "promoted")
    assert held["challenger"] == challenger
    before = looks(home)

    again = step(home, tmp_path, series, ("every", LONG_AGO), ("patience", 1))
    assert again["step"] == "trained"
    assert again["challenger"] not in (champion, challenger)
    (first, second) = [line for line in GovernanceLog(home).lines() if type(line) is Retraining]
    assert (first.challenger, second.challenger) == (challenger, again["challenger"])
    assert looks(home) > before

    assert run(build(), ["models", "history", "--home", str(home.path), "--json"]) == 0
    told = [line["told"] for line in json.loads(capsys.readouterr().out)["lines"]]
    assert any(f"retrained: {challenger} challenges {champion}" in line for line in told)


def test_losses_beyond_those_of_the_calibration_ask_for_a_challenger_whatever_the_age(
    home: Home, series: BarSeries, tmp_path: Path
) -> None:
    place = open_home(tmp_path / "home")
    copytree(home.path / "models", place.path / "models")
    (first, *_) = GovernanceLog(home).lines()
    assert isinstance(first, Act)
    promote_model(place, first.model)
    folder = place.path / "models" / first.model
    known = read_reference(folder)
    assert known is not None
    better = measure_reference(seeded_generator(1).normal(0.4, 0.1, 2_000))
    write_reference(folder, replace(known, loss=better))
    found = step(place, tmp_path, series, ("every", NEVER))
    assert found["step"] == "trained"
    assert any("of loss told drift on" in reason for reason in found["reasons"])


def test_bars_without_a_champion_are_refused(series: BarSeries, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nobody is champion of EURUSD at 60 minutes"):
        step(open_home(tmp_path / "home"), tmp_path, series)


def test_a_champion_promoted_by_retraining_serves_the_platform_that_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = open_home(tmp_path / "home")
    models, count = home.folder("models"), standard_set(Timeframe.H1).settling + BY_HAND
    made, graphs = read_artifact(make_model(models))
    tables = {
        "wrong": ((8_500, 1_500), (2_000, 1_000), (9_000, 8_000)),
        "modest": ((4_950, 5_050), (4_800, 4_900), (5_100, 5_200)),
    }
    for name, steps in tables.items():
        table = StepTable(made.up.start, *steps)
        told = replace(made, id=name, up=table, long=table, short=table)
        write_artifact(models / name, told, graphs)
    act = promote_model(home, "wrong")
    GovernanceLog(home).enter(
        Retraining(
            at=act.at, who="rini", scope=act.scope, champion="wrong", challenger="modest",
            until=made.spans.calibrate_until, reason="by hand",
        )
    )  # fmt: skip
    bars = generate_bars("EURUSD", count, 1, gapped=False, quoted=True)
    data = tmp_path / "eurusd_h1_grown.parquet"
    write_parquet(bars, data)
    setup = with_model(prepare([bars.select(slice(300))], load_strategy("ai"), given={}),
                       models / "wrong")  # fmt: skip
    journal, broker = MemoryJournal(), PaperBroker(tmp_path / "book.jsonl")
    trader = PaperTrader(setup, "wrong", journal, broker, SimClock(1))
    trader.candidates = Candidates(models, setup, setup.events(), lambda _setup: "any")
    trader.recover()
    plan = Plan(source="replay", strategy="ai", model="wrong", follows=True, lines=1)
    succession = Succession(home, plan, trader, lambda: None)
    words = [
        "models",
        "retrain",
        "--data",
        str(data),
        "--home",
        str(home.path),
        "--json",
        "--patience",
        str(NEVER),
    ]
    codes: list[int] = []
    command = Thread(target=lambda: codes.append(run(build(), words)))
    feed = feed_messages(setup, setup.events())

    def is_over() -> bool:
        for message in islice(feed, 1):
            succession.hear(trader.handle(message))
        succession.look(pending_orders(home))
        return not command.is_alive()

    with home.lock("up"):
        command.start()
        assert wait_for(is_over, seconds=120.0, step=0.02)
    trader.commit()
    broker.close()
    assert codes == [0]
    found = json.loads(capsys.readouterr().out)
    assert found["step"] == "promoted", found
    assert (champion_of(home), trader.model) == ("modest", "modest")
    assert found["reasons"][1].startswith("modest serves from event ")
    (turn,) = (m for m in journal.log.messages if isinstance(m, ModelPromoted))
    assert (turn.model, turn.before) == ("modest", "wrong")
    assert GovernanceLog(home).lines()[turn.line - 1].number == turn.line
    assert pending_orders(home) == []

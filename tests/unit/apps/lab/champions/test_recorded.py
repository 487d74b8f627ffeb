"""A comparison of what a run recorded comes to what a comparison on its bars comes to."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest

from assay.apps.cli.console import run
from assay.apps.cli.main import build
from assay.apps.config import Config
from assay.apps.lab.champions.comparison import Challenge, ChallengeRequest, compare_models
from assay.apps.lab.champions.monitoring import judge_heard
from assay.apps.lab.champions.recorded import KINDS, Heard, Voice, hear, voices_of
from assay.apps.lab.champions.serving import digest_model, promote_model
from assay.apps.lab.evaluation.judging import judge_rows, score
from assay.apps.lab.models.forecasting import with_model
from assay.apps.lab.models.labelling import label_instrument, priced_columns, read_instrument
from assay.apps.lab.runs.drivers import feed_messages
from assay.apps.lab.runs.setup import Costs, Setup, prepare
from assay.apps.paper.control.orders import (
    PROMOTE,
    ControlOrder,
    Promoted,
    ask_trader,
    pending_orders,
)
from assay.apps.paper.models.candidates import Candidates
from assay.apps.paper.models.shadow import Shadow
from assay.apps.paper.trader.hotpath import PaperTrader
from assay.apps.paper.view.timing import read_times, write_times
from assay.books.governance import Comparison, GovernanceLog
from assay.market.sources.parquet import write_parquet
from assay.model.errors import DataError
from assay.model.messages import ShadowPredicted
from assay.model.time import Timeframe, format_time
from assay.runtime.clock import SimClock
from assay.runtime.home import Home, open_home
from assay.runtime.journal import MemoryJournal, Recorded
from assay.signals.calibration import StepTable
from assay.signals.features import standard_set
from assay.signals.prediction import Forecaster, read_artifact, write_artifact
from assay.trading.brokers.paper import PaperBroker
from assay.trading.engine.loading import load_strategy
from tests.replay.markets import START, generate_bars
from tests.replay.taught import BARS, make_model

PAIR = ("blunt", "sharp")
FEATURES = standard_set(Timeframe.H1)
PAST = FEATURES.settling + 50
"""Bars before the run."""
FAIR = START + (FEATURES.settling + 100) * int(Timeframe.H1)
SERIES = generate_bars("EURUSD", FEATURES.settling + BARS // 2, 1, gapped=False, quoted=True)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    opened = open_home(tmp_path_factory.mktemp("heard") / "home")
    models = opened.folder("models")
    artifact, graph = read_artifact(make_model(models, ready_from=FAIR))
    half = StepTable((0, artifact.up.start[1]), (4_950, 5_050), (4_800, 4_900), (5_100, 5_200))
    for name, table in zip(PAIR, (half, artifact.up), strict=True):
        write_artifact(models / name, msgspec.structs.replace(artifact, id=name, up=table), graph)
    return opened


def known_by(setup: Setup) -> str:
    assert setup.forecaster is not None
    return setup.forecaster.artifact.id


def record(home: Home, book: Path, pause: int) -> list[Recorded]:
    """Trade the champion beside the challenger, which forecasts after so many bars each time."""
    models, journal, broker = home.path / "models", MemoryJournal(), PaperBroker(book)
    before, after = SERIES.select(slice(0, PAST)), SERIES.select(slice(PAST, None))
    setup = prepare([after], load_strategy("ai"), given={})
    setup = replace(setup, history={"EURUSD": priced_columns(before, Config())})
    setup = with_model(setup, models / PAIR[0])
    trader = PaperTrader(setup, PAIR[0], journal, broker, SimClock(1))
    trader.candidates = Candidates(models, setup, setup.events(), known_by)
    trader.recover()
    shadow = Shadow(trader, PAIR[1], digest_model(models, PAIR[1]))
    shadow.join()
    for message in feed_messages(setup, setup.events()):
        shadow.hear(trader.handle(message))
        if trader.next % pause == 0:
            shadow.catch_up()
    shadow.catch_up()
    trader.commit()
    broker.close()
    return list(journal.read())


@pytest.fixture(scope="module")
def records(home: Home, tmp_path_factory: pytest.TempPathFactory) -> list[Recorded]:
    return record(home, tmp_path_factory.mktemp("traded") / "book.jsonl", 5)


def heard_in(records: list[Recorded]) -> list[Heard]:
    kept = [each for each in records if type(each.message).__name__ in KINDS]
    return hear(kept, voices_of(*PAIR), FEATURES.names, {"EURUSD": SERIES.digits}, Config())


def compare(home: Home, **words: object) -> Challenge:
    request = ChallengeRequest(champion=PAIR[0], challenger=PAIR[1], data=(), home=home)
    return compare_models(replace(request, **words))  # type: ignore[arg-type]


def test_what_was_recorded_weighs_what_the_bars_weigh(
    home: Home, records: list[Recorded], tmp_path: Path
) -> None:
    data = tmp_path / "eurusd_h1_generated.parquet"
    write_parquet(SERIES, data)
    live, filed = compare(home, heard=heard_in(records)), compare(home, data=[data])
    kept = ("evidence", "seconds", "data", "live", "tries", "log_e_asked", "verdict", "program")
    ours, theirs = (
        {name: value for name, value in one.figures.items() if name not in kept}
        for one in (live, filed)
    )
    assert ours == theirs
    assert live.time.tolist() == filed.time.tolist()
    assert live.figures["labels"] > 20
    assert live.figures["gain"] != 0
    line = GovernanceLog(home).lines()[-2]
    assert isinstance(line, Comparison)
    told = home.path / "models" / PAIR[1] / "evidence" / f"{line.evidence}.json"
    assert json.loads(told.read_text())["live"] is True


def test_a_promotion_takes_what_was_recorded_for_evidence(
    home: Home, records: list[Recorded]
) -> None:
    promote_model(home, PAIR[0])
    compare(home, heard=heard_in(records))
    with pytest.raises(DataError, match="does not show that sharp is better"):
        promote_model(home, PAIR[1])


def test_what_was_said_once_it_was_known_does_not_count(home: Home, tmp_path: Path) -> None:
    late = heard_in(record(home, tmp_path / "book.jsonl", 10**6))
    with pytest.raises(DataError, match=r"no bar from .* has settled features"):
        compare(home, heard=late)


def test_only_bars_that_both_forecast_count(home: Home, records: list[Recorded]) -> None:
    def is_told(each: Recorded) -> bool:
        bar = PAST + (each.message.id & 0xFFFF)
        return not isinstance(each.message, ShadowPredicted) or bar > len(SERIES) - 200

    told = heard_in([each for each in records if is_told(each)])
    assert told[0].begins == int(SERIES.ts_open[-200])
    found = compare(home, heard=told)
    assert found.figures["from"] == format_time(int(SERIES.ts_open[-200]))
    assert found.figures["labels"] < compare(home, heard=heard_in(records)).figures["labels"]
    with pytest.raises(DataError, match="recorded nothing that sharp forecast as challenger"):
        heard_in([each for each in records if not isinstance(each.message, ShadowPredicted)])


@pytest.mark.parametrize(
    ("words", "why"),
    [([], "--data FILE, or --live"), (["--live"], "nothing was run in"),
     (["--live", "--data", "some.parquet"], "--data FILE, or --live")],
)  # fmt: skip
def test_a_comparison_is_of_files_or_of_a_run(
    words: list[str], why: str, home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    told = ["models", "compare", *PAIR, *words, "--home", str(home.path)]
    assert run(build(), told) == 2
    assert why in capsys.readouterr().err


def test_metrics_are_those_of_an_evaluation_of_the_same_bars(
    home: Home, records: list[Recorded]
) -> None:
    models = home.path / "models"
    artifact, graphs = read_artifact(models / PAIR[1])
    kept = [each for each in records if type(each.message).__name__ in KINDS]
    heard = hear(kept, [Voice(PAIR[1])], FEATURES.names, {"EURUSD": SERIES.digits}, Config())
    found = judge_heard(heard, artifact)
    instrument = read_instrument(SERIES, FEATURES, Config(), Costs())
    forecaster = Forecaster(artifact, graphs)
    rows = label_instrument(instrument, forecaster.bracket, number=0, stride=1)
    judged = judge_rows(
        instrument, forecaster, rows.take(rows.time - int(Timeframe.H1) >= FAIR)
    )  # fmt: skip
    wanted = score(judged)
    assert {name: found[name] for name in wanted} == wanted
    assert found["n"] > 300
    p = judged.forecasts["p_up"] / 10_000
    sure = np.maximum(p, 1 - p)
    assert found["confidence"] == sure.mean()
    assert found["confidence_p10"] <= found["confidence_p50"] <= found["confidence_p90"]
    assert 0.5 <= found["surest_accuracy"] <= 1


def test_times_are_told_a_model(home: Home) -> None:
    assert read_times(home) == {}
    write_times(home, {"one": [1_000, 3_000], "none": ()})
    (told,) = read_times(home).values()
    assert (told.count, told.p50, told.most) == (2, 2.0, 3.0)


def test_whoever_promotes_is_told_when_nothing_runs_any_more(home: Home) -> None:
    promoted = Promoted(
        model="sharp",
        digest="",
        before="blunt",
        line=1,
        symbols=("EURUSD",),
        timeframe=1,
        market="",
    )
    answer = ask_trader(home, ControlOrder(PROMOTE, "", "rini", promoted))
    assert (answer.serves, "next start carries it out" in answer.text) == (False, True)
    ((path, order),) = pending_orders(home)
    assert order.promoted == promoted
    path.unlink()

"""A comparison: both on the same bars, figures that can be worked out, evidence that is kept."""

from __future__ import annotations

import json
from dataclasses import replace
from hashlib import sha256
from math import log
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from assay.apps.cli.console import run
from assay.apps.cli.main import build
from assay.apps.config import Config
from assay.apps.lab.champions.comparison import Challenge, ChallengeRequest, compare_models
from assay.apps.lab.champions.report import describe_challenge
from assay.apps.lab.evaluation.judging import judge_rows
from assay.apps.lab.models.drift import measure_model
from assay.apps.lab.models.labelling import label_instrument, read_instrument
from assay.apps.lab.runs.setup import Costs
from assay.books.governance import Comparison, GovernanceLog
from assay.books.trials import TrialLedger
from assay.market.sources.parquet import read_parquet, write_parquet
from assay.model.errors import DataError, UsageError
from assay.model.time import Timeframe, format_time
from assay.runtime.home import Home, open_home
from assay.signals.calibration import StepTable
from assay.signals.drift import write_reference
from assay.signals.features import standard_set
from assay.signals.prediction import Forecaster, read_artifact, write_artifact
from tests.replay.markets import START, generate_bars
from tests.replay.taught import BARS, HORIZON, make_model

NAMES = ("blunt", "sharp")
FAIR = START + 100 * int(Timeframe.H1)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Return a home of a blunt champion, a sharp challenger and the bars that both know well."""
    opened = open_home(tmp_path_factory.mktemp("compared") / "home")
    models = opened.folder("models")
    made = make_model(models, ready_from=FAIR)
    artifact, graph = read_artifact(made)
    half = StepTable((0, artifact.up.start[1]), (4_950, 5_050), (4_800, 4_900), (5_100, 5_200))
    for name, table in zip(NAMES, (half, artifact.up), strict=True):
        write_artifact(models / name, msgspec.structs.replace(artifact, id=name, up=table), graph)
    series = bars()
    instrument = read_instrument(series, standard_set(Timeframe.H1), Config(), Costs())
    rows = label_instrument(instrument, Forecaster(artifact, graph).bracket, number=0, stride=1)
    blunt = read_artifact(models / "blunt")[0]
    write_reference(models / "blunt", measure_model(blunt, graph, rows))
    return opened


def bars() -> Any:
    count = standard_set(Timeframe.H1).settling + BARS
    return generate_bars("EURUSD", count, 1, gapped=False, quoted=True)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bars") / "eurusd_h1_generated.parquet"
    write_parquet(bars(), path)
    return path


def request_of(home: Home, data: Path, **words: Any) -> ChallengeRequest:
    pair = {"champion": "blunt", "challenger": "sharp", **words}
    return ChallengeRequest(data=[data], home=home, trials=TrialLedger(home), **pair)


@pytest.fixture(scope="module")
def found(home: Home, data: Path) -> Challenge:
    return compare_models(request_of(home, data))


def test_a_comparison_is_what_evaluations_of_both_come_to(
    home: Home, data: Path, found: Challenge
) -> None:
    instrument = read_instrument(
        read_parquet(data), standard_set(Timeframe.H1), Config(), Costs()
    )  # fmt: skip
    models = [Forecaster(*read_artifact(home.path / "models" / each)) for each in NAMES]
    rows = label_instrument(instrument, models[0].bracket, number=0, stride=1)
    rows = rows.take(rows.time - int(Timeframe.H1) >= FAIR)
    judged = [judge_rows(instrument, model, rows) for model in models]
    at = [0]
    while (later := np.flatnonzero(rows.time >= rows.end[at[-1]])).size:
        at.append(int(later[0]))
    assert found.time.tolist() == rows.end[at].tolist()
    p = [one.forecasts["p_up"][at] / 10_000 for one in judged]
    gain = np.where(judged[0].up[at], np.log(p[1] / p[0]), np.log((1 - p[1]) / (1 - p[0])))
    assert found.gained[-1] == pytest.approx(gain.sum(), rel=1e-9)
    assert found.figures["gain"] == pytest.approx(gain.mean(), rel=1e-9)
    for name, one in zip(("champion", "challenger"), judged, strict=True):
        assert found.figures[f"{name}_taken"] == one.taken[at].mean()
    assert 0 == found.figures["champion_taken"] < found.figures["challenger_taken"]
    assert found.figures["proven"] is (found.figures["log_e_score"] >= log(20))
    assert found.figures["gain_lower"] < found.figures["gain"]


def test_a_model_of_several_bars_is_compared_where_all_of_them_have_settled(
    home: Home, data: Path, found: Challenge, tmp_path: Path
) -> None:
    wide = 3
    artifact, graph = read_artifact(make_model(tmp_path, ready_from=FAIR, window=wide))
    folder = home.path / "models" / "wide"
    artifact = msgspec.structs.replace(artifact, id="wide")
    write_artifact(folder, artifact, graph)
    instrument = read_instrument(bars(), standard_set(Timeframe.H1), Config(), Costs())
    rows = label_instrument(
        instrument, Forecaster(artifact, graph).bracket, number=0, stride=1
    )  # fmt: skip
    reference = measure_model(artifact, graph, rows, [instrument.bars])
    assert reference.score.rows == len(rows) - wide + 1
    write_reference(folder, reference)
    against = compare_models(request_of(home, data, champion="wide"))
    assert against.time[0] - found.time[0] == (wide - 1) * int(Timeframe.H1)
    assert 0.0 < against.figures["champion_log_loss"] < 1.0
    assert against.drift


def test_what_came_is_kept_logged_counted_and_told(
    home: Home, data: Path, found: Challenge, tmp_path: Path
) -> None:
    trials = len(TrialLedger(home).read().lines)
    words = ["models", "compare", "blunt", "sharp", "--data", str(data), "--json",
             "--home", str(home.path), "--report", str(tmp_path / "report")]  # fmt: skip
    assert run(build(), words) == 0
    line = GovernanceLog(home).lines()[-1]
    assert isinstance(line, Comparison)
    kept = home.path / "models" / "sharp" / "evidence" / f"{line.evidence}.json"
    assert sha256(kept.read_bytes()).hexdigest() == line.evidence
    told = json.loads(kept.read_text())
    assert (told["tries"], told["labels"], told["proven"]) == (1, line.labels, line.proven)
    assert told["gain"] == found.figures["gain"]
    assert set(told["digests"]) == set(NAMES)
    assert len(TrialLedger(home).read().lines) == trials + 1
    page = (tmp_path / "report" / "report.html").read_text()
    assert told["verdict"].partition(":")[0] in page
    assert (tmp_path / "report" / "drift.svg").exists()


def test_drift_is_told_of_every_detector(home: Home, found: Challenge) -> None:
    streams = {(one["detector"], one["stream"]) for one in found.figures["drift"]}
    assert {("adwin", "loss"), ("page-hinkley", "loss"), ("performance", "loss"),
            ("population-stability", "score")} < streams  # fmt: skip
    assert len(describe_challenge(found).drift) == 5
    blind = describe_challenge(replace(found, figures={**found.figures, "drift": []}, drift=[]))
    assert "Drift cannot be told" in blind.notes[0]


def test_what_cannot_be_compared_is_refused(home: Home, data: Path) -> None:
    def refusal(kind: type[Exception], **words: Any) -> str:
        with pytest.raises(kind) as caught:
            compare_models(request_of(home, data, **words))
        return str(caught.value)

    models = home.path / "models"
    artifact, graph = read_artifact(models / "sharp")
    other = msgspec.structs.replace(artifact.taught, horizon=HORIZON + 1)
    write_artifact(
        models / "other", msgspec.structs.replace(artifact, id="other", taught=other), graph
    )
    assert "cannot challenge itself" in refusal(UsageError, challenger="blunt")
    assert "train the challenger on the same" in refusal(DataError, challenger="other")
    assert f"is before {format_time(FAIR)}" in refusal(DataError, start=FAIR - 1)
    assert "no bar opens" in refusal(DataError, start=FAIR + 10**18)
    assert "is unknown" in refusal(UsageError, challenger="none-such")

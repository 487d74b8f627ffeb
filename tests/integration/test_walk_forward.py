"""`assay walk-forward` as a person runs it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from assay.apps.cli.console import run
from assay.apps.cli.main import build
from assay.apps.lab.evaluation.walkforward import WalkRequest, walk
from assay.apps.lab.evaluation.walkforwardreport import tabulate_walk, write_walk
from assay.apps.lab.models.training import TrainingRequest, read_series
from assay.runtime.home import open_home
from assay.signals.calibration.scoring import score_probabilities
from assay.signals.labels import Bracket

HORIZON, FOLDS = 10, 2
FILES = {"walk-forward.json", "walk-forward.svg", "predictions.parquet"}


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("market")
    options = ("--seed", 7, "--bars", 9_000, "--timeframe", "H1", "--strength", 1)
    places = ("--symbols", "EURUSD", "--out", folder, "--home", folder / "home")
    assert run(build(), ["simulate", *map(str, (*options, *places))]) == 0
    (path,) = folder.glob("eurusd_*.parquet")
    return path


def request_of(market: Path, models: Path) -> WalkRequest:
    series = read_series([market], ())
    until = int(series[0].ts_open[-1]) + int(series[0].timeframe)
    training = TrainingRequest(
        series=series, until=until, models=models, bracket=Bracket(horizon=HORIZON)
    )
    return WalkRequest(training=training, folds=FOLDS)


def call(market: Path, folder: Path, *arguments: object) -> int:
    data = ("--data", market, "--horizon", HORIZON, "--home", folder / "home")
    return run(build(), [*map(str, (*arguments, *data))])


def test_a_stopped_walk_goes_on_to_the_same_bytes(
    market: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stages: list[str] = []
    request = request_of(market, open_home(tmp_path / "home").folder("models"))

    def stop(stage: str, share: float) -> None:
        stages.append(stage)
        assert 0 <= share <= 1
        if stage.startswith("fold 2 of 2: judging"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        walk(request, stop)
    assert any(stage.startswith("fold 1 of 2: fitting") for stage in stages)
    stages.clear()
    write_walk(walk(request, lambda stage, _share: stages.append(stage)), tmp_path / "went-on")
    assert {stage.split(": ")[1] for stage in stages} == {"judging EURUSD", "trading"}

    arguments = ("walk-forward", "--folds", FOLDS, "--out", tmp_path / "out")
    assert call(market, tmp_path, *arguments, "--json") == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    told = json.loads(shown.out)
    assert {path.name for path in (tmp_path / "out").iterdir()} == FILES
    for name in FILES:
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "went-on" / name).read_bytes()
    written = json.loads((tmp_path / "out" / "walk-forward.json").read_text())
    assert told == {**written, "out": str(tmp_path / "out")}
    assert not list((tmp_path / "home" / "models" / ".walks").iterdir())
    assert_figures(written, tmp_path / "out" / "predictions.parquet")
    table = tabulate_walk(written).splitlines()
    assert table[0] == written["verdict"]
    assert len(table) == FOLDS + 5


def assert_figures(found: dict[str, Any], predictions: Path) -> None:
    """Compute the pooled figures anew from the judged bars, and those of a fold from its span."""
    columns = pq.read_table(predictions)
    rows = {name: columns[name].to_numpy() for name in columns.column_names}
    scores = score_probabilities(rows["p_up"], rows["up"])
    taken = rows["taken"]
    net = np.where(rows["side"] > 0, rows["net_long"], rows["net_short"])[taken]
    pooled, folds = found["pooled"], found["folds"]
    assert pooled["n"] == len(taken) == sum(fold["n"] for fold in folds)
    assert pooled["taken"] == len(net) > 0
    assert pooled["net_mean"] == pytest.approx(net.mean() / 100)
    for name in ("brier", "log_loss", "ece", "auc"):
        assert pooled[name] == pytest.approx(getattr(scores, name))
    assert pooled["trades"] == sum(fold["trades"] for fold in folds)
    assert pooled["net_return"] == pytest.approx(sum(fold["net_return"] for fold in folds))
    for fold in folds:
        start, end = (np.datetime64(fold[name].rstrip("Z")) for name in ("from", "to"))
        assert fold["n"] == int(((rows["time"] >= start) & (rows["time"] < end)).sum())
        assert fold["fit_until"] < fold["from"]
    assert folds[0]["to"] == folds[1]["from"]
    assert len(found["line"]["paths_auc"]) == 5
    assert min(found["line"]["paths_auc"]) > 0.55
    assert set(found["data"]) == {"EURUSD"}


def test_what_is_too_small_or_unknown_is_refused(
    market: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for options, code, words in (
        (("--folds", 400), 3, "fold 1 of 400, from "),
        (("--scheme", "random"), 2, "scheme 'random' is unknown; use one of anchored, rolling"),
        (("--model", "oracle"), 2, "model 'oracle' is unknown; use one of"),
    ):
        assert call(market, tmp_path, "walk-forward", "--out", tmp_path / "x", *options) == code
        shown = capsys.readouterr()
        assert shown.out == ""
        assert words in shown.err
        assert shown.err.count("\n") == 1
        assert not list((tmp_path / "x").iterdir())

"""`assay train --augment gan` is stopped, gone on with, proven or off, and told."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from assay.apps.cli.console import run
from assay.apps.cli.main import build
from assay.apps.config import Config
from assay.apps.lab.feeds.simulation import write_simulation
from assay.apps.lab.models.labelling import label_instrument, read_instrument
from assay.apps.lab.models.training import UNFINISHED, TrainingRequest, read_series, train_model
from assay.apps.lab.runs.setup import Costs
from assay.market.simulation import Scenario
from assay.model.time import Timeframe, format_time
from assay.runtime.home import open_home
from assay.signals.augmentation import find_augmentation
from assay.signals.features import standard_set
from assay.signals.labels import Bracket
from assay.signals.prediction import Tuned, read_artifact
from assay.signals.training import Lesson, train

BARS, TAUGHT, HORIZON = 5_200, 0.95, 8
SMALL = Tuned(
    study="by-hand", metric="log-loss", trials=1, seen_until=0, settings={"cnn": {"channels": 8}}
)
MAKING = "making rows by gan"


class StoppedError(Exception):
    pass


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if find_spec("torch") is None:
        pytest.skip("NOT RUN: no PyTorch to teach the GAN; `make test EXTRA=deep` installs it")
    folder = tmp_path_factory.mktemp("market")
    scenario = Scenario(
        seed=5, bars=BARS, strength=0.9, timeframe=Timeframe.H1, horizon=HORIZON,
        symbols=("EURUSD",),
    )  # fmt: skip
    write_simulation(scenario, folder)
    (path,) = folder.glob("*_sim_*.parquet")
    return path


def test_a_training_with_a_gan_is_stopped_gone_on_with_and_told(
    market: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    series, stages = read_series([market], ()), []
    home = open_home(tmp_path / "home")
    asked = TrainingRequest(
        series=series, until=int(series[0].ts_open[int(TAUGHT * BARS)]),
        models=home.folder("models"), bracket=Bracket(horizon=HORIZON), augment="gan",
    )  # fmt: skip

    def stop(stage: str, _share: float) -> None:
        stages.append(stage)
        if stages.count(MAKING) == 2:
            raise StoppedError

    with pytest.raises(StoppedError):
        train_model(asked, stop)
    assert list((asked.models / UNFINISHED).glob("*/held-out-lightgbm+gan-1.making"))
    words = ["train", "--data", str(market), "--until", format_time(asked.until)]
    words += ["--horizon", str(HORIZON), "--home", str(home.path)]

    def taught(*more: str) -> dict[str, Any]:
        assert run(build(), [*words, *more, "--json"]) == 0
        found: dict[str, Any] = json.loads(capsys.readouterr().out)
        return found

    found, plain = taught("--augment", "gan"), taught()
    told = found["augmented"]["lightgbm"]
    assert told["method"] == "gan"
    assert told["stretches"] > 20
    assert told["on"] == (told["bound"] > 0) == (told["made"] > 0)
    _, graphs = read_artifact(asked.models / found["model"])
    _, without = read_artifact(asked.models / plain["model"])
    assert (graphs == without) == (not told["on"])
    assert "augmented" not in plain
    assert told["reason"] in Path(found["card"]).read_text()
    assert run(build(), [*words, "--augment", "gan"]) == 0
    line = f"lightgbm: gan {'on' if told['on'] else 'stays off'}, {told['reason']}\n"
    assert line in capsys.readouterr().out


def test_windows_are_made_for_a_family_of_several_bars(market: Path, tmp_path: Path) -> None:
    (series,), config = read_series([market], ()), Config()
    features, bracket = standard_set(Timeframe.H1), Bracket(horizon=HORIZON)
    instrument = read_instrument(series, features, config, Costs())
    rows = label_instrument(instrument, bracket, number=0, stride=1)
    gan = find_augmentation("gan")
    lesson = Lesson(
        family="cnn", symbols=("EURUSD",), timeframe=int(Timeframe.H1), features=features,
        bracket=bracket, tuned=SMALL, augment=replace(gan, course=replace(gan.course, steps=3)),
    )  # fmt: skip
    bars = (instrument.bars,)
    artifact, graphs = train(rows, lesson, tmp_path / "gan" / "checkpoint", bars=bars)
    plain, without = train(
        rows, replace(lesson, augment=None), tmp_path / "plain" / "checkpoint", bars=bars
    )
    found = artifact.augmentations["cnn"]
    assert found.on == (found.made > 0)
    assert (graphs == without) == (not found.on)
    assert artifact.taught == plain.taught

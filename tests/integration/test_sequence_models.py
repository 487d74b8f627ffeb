"""A family of several bars is taught, stopped, gone on with, checked, judged and exported."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from assay.apps.lab.evaluation.judging import EvaluationRequest, judge_series
from assay.apps.lab.feeds.simulation import write_simulation
from assay.apps.lab.models.exporting import export_mql5
from assay.apps.lab.models.leakchecks import check_training
from assay.apps.lab.models.training import (
    CHECKPOINT,
    UNFINISHED,
    TrainingRequest,
    read_series,
    train_model,
)
from assay.market.series import BarSeries
from assay.market.simulation import Scenario
from assay.model.errors import OperatorError
from assay.model.time import Timeframe
from assay.signals.features import standard_set
from assay.signals.labels import Bracket
from assay.signals.models import OnnxClassifier, Windows
from assay.signals.prediction import read_artifact

FAMILY, WINDOW, HORIZON = "cnn", 16, 12
BARS, TAUGHT = 5_500, 0.8
SETTLED_ROWS = 2 * (int(TAUGHT * BARS) - standard_set(Timeframe.H1).settling + 1)


class StoppedError(Exception):
    pass


@pytest.fixture(scope="module")
def series(tmp_path_factory: pytest.TempPathFactory) -> Sequence[BarSeries]:
    if find_spec("torch") is None:
        pytest.skip("NOT RUN: no PyTorch to fit it; `make test EXTRA=deep` installs it")
    folder = tmp_path_factory.mktemp("market")
    scenario = Scenario(
        seed=5, bars=BARS, strength=0.9, timeframe=Timeframe.H1, horizon=HORIZON,
        symbols=("EURUSD", "USDJPY"),
    )  # fmt: skip
    write_simulation(scenario, folder)
    return read_series(sorted(folder.glob("*_sim_*.parquet")), ())


def request(series: Sequence[BarSeries], models: Path) -> TrainingRequest:
    return TrainingRequest(
        series=series, until=int(series[0].ts_open[int(TAUGHT * BARS)]), models=models,
        family=FAMILY, bracket=Bracket(horizon=HORIZON), leaders=(),
    )  # fmt: skip


def test_it_is_stopped_gone_on_with_judged_and_exported(
    series: Sequence[BarSeries], tmp_path: Path
) -> None:
    asked, epochs = request(series, tmp_path / "models"), []

    def stop(stage: str, _share: float) -> None:
        epochs.append(stage == f"fitting {FAMILY}")
        if sum(epochs) == 2:
            raise StoppedError

    with pytest.raises(StoppedError):
        train_model(asked, stop)
    assert list((asked.models / UNFINISHED).glob(f"*/{CHECKPOINT}"))
    found = train_model(asked)
    assert train_model(replace(asked, models=tmp_path / "others"))["model"] == found["model"]
    folder = asked.models / found["model"]
    artifact, graphs = read_artifact(folder)
    assert artifact.taught.rows < SETTLED_ROWS
    assert artifact.facts["window"] == WINDOW
    judged = judge_series(
        EvaluationRequest(model=folder, data=(), start=artifact.spans.ready_from), series
    )
    assert judged.figures["n"] > 1_500
    assert judged.figures["auc"] > 0.53
    with pytest.raises(OperatorError, match="name another file with --export-mql5"):
        export_mql5(folder, tmp_path / "absent" / "model.onnx")
    export_mql5(folder, tmp_path / "model.onnx")
    exported = onnxruntime.InferenceSession(tmp_path / "model.onnx")
    rows = np.ones((WINDOW, len(artifact.taught.features)), np.float32)
    (told,) = exported.run(None, {"features": rows[None]})
    served = OnnxClassifier(graphs[FAMILY]).predict(Windows(rows, np.array([WINDOW - 1]), WINDOW))
    assert told[0, 1] == pytest.approx(served[0], abs=1e-6)


def test_it_passes_the_leak_checks(series: Sequence[BarSeries], tmp_path: Path) -> None:
    found = check_training(request(series, tmp_path), lambda _stage, _share: None)
    assert found["refit"] == 2

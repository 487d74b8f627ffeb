"""An ablation on real bars says the same whatever came after the span that it judges on."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay.apps.lab.evaluation.ablation import AblationRequest, ablate_regimes
from assay.apps.lab.models.membership import choose_members
from assay.apps.lab.models.training import TrainingRequest, read_series, train_model
from assay.market.sources.parquet.writing import write_parquet
from assay.model.time import format_time, parse_time
from assay.signals.labels import Bracket
from assay.signals.prediction import read_artifact

FILE = "xauusd_h1_ejtrader_20120517_20211231.parquet"
UNTIL = parse_time("2017-01-01")
VARIANTS = ["volatility (feature)", "volatility (classifier)", "direction (classifier)"]


def test_bars_after_the_calibration_change_nothing(shared: Path, tmp_path: Path) -> None:
    data = shared / "data" / "bars" / FILE
    series = read_series([data], ())
    request = TrainingRequest(
        series=series, until=UNTIL, models=tmp_path / "models", family="ensemble",
        bracket=Bracket(horizon=24), membership=choose_members(("lightgbm", "xgboost")),
    )  # fmt: skip
    model = tmp_path / "models" / train_model(request)["model"]
    found = ablate_regimes(AblationRequest(model=model, data=[data]))
    spans = read_artifact(model)[0].spans
    assert format_time(spans.calibrate_from) <= found["from"] < found["until"] < "2017-01-01"
    assert list(found["variants"]) == VARIANTS
    for each in found["variants"].values():
        assert each["low"] < each["gain"] < each["high"]
        assert each["improves"] == (each["low"] > 0)
    assert found["log_loss"] == pytest.approx(0.693, abs=0.01)
    past = tmp_path / data.name
    write_parquet(series[0].select(series[0].ts_open < UNTIL), past)
    assert ablate_regimes(AblationRequest(model=model, data=[past])) == found

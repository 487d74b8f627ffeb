"""The graph that is served answers as the library does, on every row of a real year."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from assay.apps.config import Config
from assay.apps.lab.models.labelling import read_instrument
from assay.apps.lab.models.training import read_series
from assay.apps.lab.runs.setup import Costs
from assay.model.time import parse_time
from assay.signals.features import standard_set
from assay.signals.labels import went_up
from assay.signals.models import Examples, FitRequest, OnnxClassifier, find_family

FILE = "data/bars/eurusd_m1_histdata_20180101_20191231.parquet"
HORIZON = 7
TAUGHT = 60_000


@pytest.mark.parametrize("family", ["lightgbm", "xgboost", "random_forest"])
def test_the_graph_answers_as_the_library_on_every_row_of_2019(
    shared: Path, tmp_path: Path, family: str
) -> None:
    (series,) = read_series([shared / FILE], ())
    features = standard_set(series.timeframe)
    bars = read_instrument(series, features, Config(), Costs()).bars
    turn = int(np.searchsorted(bars.close_time, parse_time("2019-01-01")))
    up = went_up(bars.mid, HORIZON)
    told = slice(turn - TAUGHT - HORIZON, turn - HORIZON)
    rows = Examples(bars.features[told], up[told], np.ones(TAUGHT))
    fitted = find_family(family).fit(
        FitRequest(fit=rows, stop=rows, seed=1, checkpoint=tmp_path / "checkpoint")
    )
    year = bars.features[turn:]
    assert len(year) > 370_000
    assert bars.settled[turn:].all()
    gap = np.abs(OnnxClassifier(fitted.onnx).predict(year) - fitted.predict(year))
    assert gap.max() <= fitted.parity_most

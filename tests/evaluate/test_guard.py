"""A signal inverts under a model that trades: it falls silent, before the loss is the risk budget.

A resolved label is one horizon of bars, so that no two share an outcome. Nothing is tuned on these
spans. More seeds: ASSAY_PLANTED_SEEDS=10.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from assay.apps.lab.evaluation.judging import EvaluationRequest, evaluate_model
from assay.apps.lab.evaluation.report import write_report
from assay.apps.lab.feeds.simulation import write_simulation
from assay.apps.lab.models.training import TrainingRequest, read_series, train_model
from assay.market.simulation import Scenario
from assay.model.time import HOUR, parse_time
from assay.signals.labels import Bracket
from assay.trading.engine.terms import PROFILES

SEEDS = range(101, 101 + int(os.environ.get("ASSAY_PLANTED_SEEDS", "1")))
TAUGHT, INVERTS, BARS = 93_000, 113_000, 135_000
HORIZON, LABELS = 30, 300


@pytest.mark.parametrize("seed", SEEDS)
def test_a_model_whose_signal_inverts_falls_silent(tmp_path: Path, seed: int) -> None:
    scenario = Scenario(
        seed=seed, bars=BARS, horizon=HORIZON, symbols=("EURUSD",), invert_at=INVERTS
    )
    write_simulation(scenario, tmp_path / "sim")
    data = sorted((tmp_path / "sim").glob("eurusd_*.parquet"))
    (series,) = read_series(data, ())
    until = int(series.ts_open[TAUGHT])
    made = train_model(
        TrainingRequest(
            series=[series], until=until, models=tmp_path / "models",
            bracket=Bracket(horizon=HORIZON),
        )
    )  # fmt: skip
    found = evaluate_model(
        EvaluationRequest(model=tmp_path / "models" / made["model"], data=data,
                          start=until + HORIZON * HOUR)
    )  # fmt: skip
    judged, figures = found.judged, found.figures
    before = judged.time < series.ts_open[INVERTS]
    after = judged.time >= series.ts_open[INVERTS + LABELS * HORIZON]
    assert judged.taken[before].any()
    assert (judged.acted[after] != 0).any()  # it would go on trading
    assert judged.taken[after].mean() < 0.01
    assert abs(figures["set_coverage"] - 0.9) < 0.01
    (silence,) = figures["silenced"]
    assert parse_time(silence["from"]) > series.ts_open[INVERTS]
    equity = found.equity["equity"][found.equity["ts"] >= series.ts_open[INVERTS]]
    fall = 1 - (equity / np.maximum.accumulate(equity)).min()
    assert fall < PROFILES["default"].drawdown_max_bp / 10_000
    write_report(found, tmp_path / "report")
    assert (tmp_path / "report" / "vigil.svg").exists()

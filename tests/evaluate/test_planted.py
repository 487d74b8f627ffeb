"""The simulated market knows the best possible forecast: skill is found there, and none elsewhere.

Nothing is tuned on these spans. More seeds: ASSAY_PLANTED_SEEDS=10.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from assay.apps.lab.evaluation import Evaluation, EvaluationRequest, evaluate_model
from assay.apps.lab.simulation import TRUTH, write_simulation
from assay.apps.lab.training import TrainingRequest, read_series, train_model
from assay.market.simulation import Scenario
from assay.signals.labels import Bracket

SEEDS = range(101, 101 + int(os.environ.get("ASSAY_PLANTED_SEEDS", "2")))
BARS, TAUGHT = 150_000, 0.62
SUREST = 0.3
HOUR = 3_600_000_000_000
LOT_POINT = 100
"""Minor units that a point is worth to one lot of EURUSD."""


@dataclass(frozen=True)
class Judgement:
    evaluation: Evaluation
    truth: np.ndarray

    def edge(self) -> tuple[float, float]:
        """Return what the model's surest sides are worth by truth, and the best possible."""
        p = self.evaluation.judged.forecasts["p_up"]
        known = ~np.isnan(self.truth)
        p, truth = p[known], self.truth[known]
        most = int(SUREST * len(truth))
        sure = np.argsort(-np.abs(p - 5_000), kind="stable")[:most]
        best = np.argsort(-np.abs(truth - 0.5), kind="stable")[:most]
        ours = np.where(p[sure] >= 5_000, truth[sure], 1 - truth[sure]).mean()
        return float(ours), float(np.maximum(truth[best], 1 - truth[best]).mean())

    def traded(self, horizon: int) -> tuple[int, int]:
        """Return what one lot at a time earned by the model, and by whoever knows the truth."""
        judged, taught = self.evaluation.judged, self.evaluation.artifact
        wise = np.nan_to_num(self.truth, nan=0.5)
        edge = (taught.gain + taught.loss) * np.abs(wise - 0.5) * judged.forecasts["stop"]
        worth = edge * LOT_POINT - judged.choice["cost"]
        side = np.where(wise > 0.5, judged.long_net, judged.short_net)
        return _walk(judged.taken, judged.side_net, horizon), _walk(worth > 0, side, horizon)


def _walk(taken: np.ndarray, net: np.ndarray, horizon: int) -> int:
    total, at = 0, 0
    while at < len(net):
        total += int(net[at]) if taken[at] else 0
        at += horizon + 1 if taken[at] else 1
    return total


def judge(folder: Path, seed: int, kind: str, horizon: int) -> Judgement:
    scenario = Scenario(seed=seed, bars=BARS, kind=kind, horizon=horizon, symbols=("EURUSD",))
    write_simulation(scenario, folder / "sim")
    data = sorted((folder / "sim").glob("eurusd_*.parquet"))
    series = read_series(data, ())
    until = int(series[0].ts_open[int(TAUGHT * BARS)])
    found = train_model(
        TrainingRequest(
            series=series, until=until, models=folder / "models", bracket=Bracket(horizon=horizon)
        )
    )
    request = EvaluationRequest(
        model=folder / "models" / found["model"], data=data, start=until + horizon * HOUR
    )
    evaluation = evaluate_model(request)
    table = pq.read_table(folder / "sim" / TRUTH)
    times = table["time"].to_numpy().astype("datetime64[ns]").astype(np.int64)
    at = np.searchsorted(times, evaluation.judged.time)
    assert np.array_equal(times[at], evaluation.judged.time)
    return Judgement(evaluation, table["p_up"].to_numpy(zero_copy_only=False)[at])


@pytest.mark.parametrize("seed", SEEDS)
def test_planted_skill_is_found_and_traded(tmp_path: Path, seed: int) -> None:
    judgement = judge(tmp_path, seed, "linear", 30)
    assert len(judgement.evaluation.judged) >= 50_000
    ours, best = judgement.edge()
    assert 0.57 <= best <= 0.62
    assert (ours - 0.5) / (best - 0.5) >= 0.75
    earned, possible = judgement.traded(30)
    assert possible > 0
    assert earned >= 0.4 * possible, (earned, possible)


@pytest.mark.parametrize("horizon", [30, 120, 720])
def test_where_there_is_nothing_to_find_nothing_is_traded(tmp_path: Path, horizon: int) -> None:
    traded = [
        judge(tmp_path / str(seed), seed, "none", horizon).evaluation.judged.taken.mean()
        for seed in SEEDS
    ]
    assert max(traded) < 0.05
    assert float(np.mean(traded)) < 0.01

"""The simulated market knows the best possible forecast: skill is found there, and none elsewhere.

Nothing is tuned on these spans. More seeds: ASSAY_PLANTED_SEEDS=10. The figures: --junitxml FILE,
with -o junit_family=xunit1.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow.parquet as pq
import pytest

from assay.apps.lab.evaluation.judging import Evaluation, EvaluationRequest, evaluate_model
from assay.apps.lab.feeds.simulation import TRUTH, write_simulation
from assay.apps.lab.models.training import TrainingRequest, read_series, train_model
from assay.market.simulation import Scenario
from assay.signals.guard.guard import MISSES
from assay.signals.labels import Bracket

SEEDS = range(101, 101 + int(os.environ.get("ASSAY_PLANTED_SEEDS", "1")))
SYMBOLS = {"linear": ("EURUSD",), "regime": ("EURUSD",), "lagged": ("EURUSD", "GBPUSD")}
MARKETS = {"linear": (400_000, 0.85), "regime": (800_000, 0.8), "lagged": (400_000, 0.85)}
"""Bars of each symbol and the share to learn from; at least 50,000 are left to judge on. Which
regime it is has to be learnt too, from regimes of 600 bars."""
EMPTY_BARS, EMPTY_TAUGHT = 150_000, 0.62
HORIZON, SUREST = 30, 0.3
BINS = 20
HOUR = 3_600_000_000_000
LOT_POINT = 100
"""Minor units that a point is worth to one lot of EURUSD or GBPUSD."""


class Skill(NamedTuple):
    """Hold shares of what the best possible forecast has, and how far probabilities are off."""

    bayes: float
    edge: float
    log_loss: float
    brier: float
    ece: float
    coverage: float
    earned: float


@dataclass(frozen=True)
class Judgement:
    """Hold an evaluation, and the true probability of up at each of its bars; NaN at the end."""

    evaluation: Evaluation
    truth: np.ndarray

    def skill(self) -> Skill:
        """Return what is known of the forecasts by the truth; what chance made of it is left out.

        Shares of log loss and Brier score are of what is gained on the base rate.
        """
        known = ~np.isnan(self.truth)
        p, truth = self.evaluation.judged.forecasts["p_up"][known] / 10_000, self.truth[known]
        p = np.clip(p, 1e-4, 1 - 1e-4)
        earned, possible = self.traded()
        return Skill(
            _accuracy(truth, truth),
            (_accuracy(p, truth) - 0.5) / (_accuracy(truth, truth) - 0.5),
            _share(p, truth, lambda p: -truth * np.log(p) - (1 - truth) * np.log(1 - p)),
            _share(p, truth, lambda p: truth * (1 - p) ** 2 + (1 - truth) * p**2),
            _error(p, truth), self.evaluation.figures["set_coverage"], earned / possible,
        )  # fmt: skip

    def traded(self) -> tuple[int, int]:
        """Return what one lot at a time earned by the model, and by whoever knows the truth."""
        judged, taught = self.evaluation.judged, self.evaluation.artifact
        wise = np.nan_to_num(self.truth, nan=0.5)
        edge = (taught.gain + taught.loss) * np.abs(wise - 0.5) * judged.forecasts["stop"]
        worth = edge * LOT_POINT - judged.choice["cost"]
        side = np.where(wise > 0.5, judged.long_net, judged.short_net)
        ours = theirs = 0
        for symbol in np.unique(judged.symbol):
            mine = judged.symbol == symbol
            ours += _walk(judged.taken[mine], judged.side_net[mine])
            theirs += _walk(worth[mine] > 0, side[mine])
        return ours, theirs


def _accuracy(p: np.ndarray, truth: np.ndarray) -> float:
    """Return how often the sides are right of which these probabilities are surest."""
    sure = np.argsort(-np.abs(p - 0.5), kind="stable")[: int(SUREST * len(p))]
    return float(np.where(p[sure] >= 0.5, truth[sure], 1 - truth[sure]).mean())


def _share(p: np.ndarray, truth: np.ndarray, loss) -> float:  # type: ignore[no-untyped-def]
    base = loss(np.full_like(truth, truth.mean())).mean()
    return float((base - loss(p).mean()) / (base - loss(truth).mean()))


def _error(p: np.ndarray, truth: np.ndarray) -> float:
    place = np.clip((p * BINS).astype(int), 0, BINS - 1)
    return float(np.abs(np.bincount(place, p - truth, minlength=BINS)).sum() / len(p))


def _walk(taken: np.ndarray, net: np.ndarray) -> int:
    total, at = 0, 0
    while at < len(net):
        total += int(net[at]) if taken[at] else 0
        at += HORIZON + 1 if taken[at] else 1
    return total


def judge(folder: Path, scenario: Scenario, taught: float) -> Judgement:
    """Teach on the first share of a market, judge on the rest."""
    write_simulation(scenario, folder / "sim")
    data = sorted((folder / "sim").glob("*_sim_*.parquet"))
    series = read_series(data, ())
    until = int(series[0].ts_open[int(taught * len(series[0]))])
    bracket = Bracket(horizon=scenario.horizon)
    found = train_model(
        TrainingRequest(series=series, until=until, models=folder / "models", bracket=bracket)
    )
    request = EvaluationRequest(
        model=folder / "models" / found["model"], data=data,
        start=until + scenario.horizon * HOUR,
    )  # fmt: skip
    evaluation = evaluate_model(request)
    table = pq.read_table(folder / "sim" / TRUTH)
    times = table["time"].to_numpy().astype("datetime64[ns]").astype(np.int64)
    named = table["symbol"].to_numpy(zero_copy_only=False)
    told = table["p_up"].to_numpy(zero_copy_only=False)
    truth = np.full(len(evaluation.judged), np.nan)
    for place, one in enumerate(series):
        rows, mine = np.flatnonzero(named == one.symbol), evaluation.judged.symbol == place
        at = rows[np.searchsorted(times[rows], evaluation.judged.time[mine])]
        assert np.array_equal(times[at], evaluation.judged.time[mine])
        truth[mine] = told[at]
    return Judgement(evaluation, truth)


@pytest.mark.parametrize("kind", SYMBOLS)
@pytest.mark.parametrize("seed", SEEDS)
def test_planted_skill_is_found_and_traded(
    tmp_path: Path, record_property: Callable[[str, object], None], seed: int, kind: str
) -> None:
    bars, taught = MARKETS[kind]
    scenario = Scenario(
        seed=seed, bars=bars, kind=kind, horizon=HORIZON, symbols=SYMBOLS[kind]
    )  # fmt: skip
    judgement = judge(tmp_path, scenario, taught)
    assert len(judgement.evaluation.judged) >= 50_000
    found = judgement.skill()
    record_property(f"{kind} {seed}", str(found))
    assert 0.57 <= found.bayes <= 0.62
    assert found.edge >= 0.8
    assert found.log_loss >= 0.7
    assert found.brier >= 0.7
    assert found.ece <= 0.02
    assert abs(found.coverage - (1 - MISSES)) <= 0.01
    assert found.earned >= 0.5


@pytest.mark.parametrize("horizon", [30, 120, 720])
@pytest.mark.parametrize("seed", [*SEEDS, SEEDS[-1] + 1])
def test_where_there_is_nothing_to_find_nothing_is_traded(
    tmp_path: Path, seed: int, horizon: int
) -> None:
    scenario = Scenario(
        seed=seed, bars=EMPTY_BARS, kind="none", horizon=horizon, symbols=("EURUSD",)
    )  # fmt: skip
    judged = judge(tmp_path, scenario, EMPTY_TAUGHT).evaluation.judged
    assert float(judged.taken.mean()) < 0.01

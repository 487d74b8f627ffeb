"""The planted market of kind `volatility`, scored on the target that is volatility itself.

The truth knows the present regime, which whoever sees prices alone must guess, and nothing of what
is to come. Nothing is tuned on these spans. More seeds: ASSAY_PLANTED_SEEDS=10; all eight symbols
instead of four: ASSAY_PLANTED_SYMBOLS=8. The figures: --junitxml FILE, with -o junit_family=xunit1.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from assay.apps.lab.evaluation.judging import EvaluationRequest
from assay.apps.lab.evaluation.targets import TargetEvaluation, evaluate_target, surest
from assay.apps.lab.feeds.simulation import chance_of_turbulence, write_simulation
from assay.apps.lab.models.training import TrainingRequest, read_series, train_model
from assay.market.simulation import SYMBOLS, Scenario
from assay.signals.calibration.scoring import LEAST
from assay.signals.labels import Bracket

SEEDS = range(101, 101 + int(os.environ.get("ASSAY_PLANTED_SEEDS", "1")))
BARS, TAUGHT, HORIZON = 150_000, 0.62, 30
MARKETS = SYMBOLS[: int(os.environ.get("ASSAY_PLANTED_SYMBOLS", "4"))]
"""Each turns over some 50 regimes while it is calibrated, too few alone."""
HOUR = 3_600_000_000_000


@dataclass(frozen=True)
class Judgement:
    evaluation: TargetEvaluation
    truth: np.ndarray

    @property
    def p(self) -> np.ndarray:
        return self.evaluation.answered.chance

    def accuracy(self) -> tuple[float, float]:
        """Return how often the surest 30 % of answers are right by truth: ours, the best."""
        sure, best = surest(self.p), surest(self.truth)
        ours = np.where(self.p >= 0.5, self.truth, 1 - self.truth)[sure]
        return float(ours.mean()), float(np.maximum(self.truth, 1 - self.truth)[best].mean())

    def log_loss(self, p: np.ndarray) -> float:
        """Return the log loss of probabilities as the truth expects it."""
        p = np.clip(p, LEAST, 1 - LEAST)
        return float(-np.mean(self.truth * np.log(p) + (1 - self.truth) * np.log(1 - p)))

    def brier(self, p: np.ndarray) -> float:
        """Return the Brier score of probabilities as the truth expects it."""
        return float(np.mean((p - self.truth) ** 2 + self.truth * (1 - self.truth)))

    def shares(self) -> dict[str, float]:
        """Return which part of the best possible skill was reached, by each measure."""
        ours, best = self.accuracy()
        always = np.full(len(self.truth), self.truth.mean())
        losses = [self.log_loss(each) for each in (always, self.p, self.truth)]
        briers = [self.brier(each) for each in (always, self.p, self.truth)]
        return {
            "accuracy": (ours - 0.5) / (best - 0.5),
            "log_loss": (losses[0] - losses[1]) / (losses[0] - losses[2]),
            "brier": (briers[0] - briers[1]) / (briers[0] - briers[2]),
        }


def judge(folder: Path, seed: int) -> Judgement:
    scenario = Scenario(
        seed=seed, bars=BARS, kind="volatility", horizon=HORIZON, symbols=MARKETS
    )  # fmt: skip
    write_simulation(scenario, folder / "sim")
    data = sorted((folder / "sim").glob("*_sim_*.parquet"))
    series = read_series(data, ())
    until = int(series[0].ts_open[int(TAUGHT * BARS)])
    found = train_model(
        TrainingRequest(
            series=series, until=until, models=folder / "models",
            bracket=Bracket(horizon=HORIZON), label="volatility",
        )
    )  # fmt: skip
    start = until + HORIZON * HOUR
    request = EvaluationRequest(model=folder / "models" / found["model"], data=data, start=start)
    evaluation = evaluate_target(request)
    answered, truth = evaluation.answered, np.empty(len(evaluation.answered))
    for number, one in enumerate(series):
        mine, told = answered.symbol == number, chance_of_turbulence(scenario, one, start)
        at = np.searchsorted(one.ts_open, answered.time[mine])
        assert np.array_equal(one.ts_open[at], answered.time[mine])
        # Every bar whose chance is known is judged, and no other.
        assert np.array_equal(np.flatnonzero(~np.isnan(told)), at)
        truth[mine] = told[at]
    return Judgement(evaluation, truth)


@pytest.mark.parametrize("seed", SEEDS)
def test_turbulence_is_foretold_about_as_well_as_can_be(
    tmp_path: Path, record_property: Callable[[str, object], None], seed: int
) -> None:
    judgement = judge(tmp_path, seed)
    figures, shares = judgement.evaluation.figures, judgement.shares()
    told = {name: figures[name] for name in ("n", "base_rate", "ece", "set_coverage", "verdict")}
    record_property(f"volatility target {seed}", str(shares | told))
    assert figures["n"] >= 50_000, told
    assert figures["verdict"].startswith("Skill shown: "), told
    assert shares["accuracy"] >= 0.8, (shares, told)
    assert shares["log_loss"] >= 0.7, (shares, told)
    assert shares["brier"] >= 0.7, (shares, told)
    assert figures["set_coverage"] == pytest.approx(0.9, abs=0.01), (shares, told)
    assert figures["ece"] <= 0.02, (shares, told)

"""Three mechanisms, each seen by one member alone: what their ensemble makes of it.

The members are a tree of the instrument's own features, a tree of its leader's and a network of the
bars themselves. The kept ensemble was taught on the first bars of seed 7 and is judged on the rest,
without PyTorch. Others are taught anew where it is installed: ASSAY_MECHANISM_SEEDS=8,9. The
figures: --junitxml FILE, with -o junit_family=xunit1.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from assay.apps.lab.evaluation.judging import EvaluationRequest, evaluate_model
from assay.apps.lab.feeds.simulation import write_simulation
from assay.apps.lab.models.membership import choose_members
from assay.apps.lab.models.training import TrainingRequest, read_series, train_model
from assay.market.simulation import Scenario, simulate_truth
from assay.runtime.ids import seeded_generator
from assay.signals.labels import Bracket
from assay.signals.prediction import Ensemble, read_artifact

MEMBERS = ("lightgbm@own", "lightgbm@lead", "cnn@bar")
SYMBOLS = ("XAUUSD", "USDJPY", "USDCHF", "USDCAD")
BARS, TAUGHT, STRENGTH, SUREST = 140_000, 0.75, 0.6, 0.3
HOUR = 3_600_000_000_000
BLOCKS, DRAWS = 400, 200
(KEPT,) = (Path(__file__).parents[2] / "docs" / "mechanisms").iterdir()
SEEDS = [int(each) for each in os.environ.get("ASSAY_MECHANISM_SEEDS", "").split(",") if each]


@dataclass(frozen=True)
class Ranking:
    """Hold how sure a forecast is of each bar [n], and how often its side is right by the truth."""

    sure: np.ndarray
    right: np.ndarray

    def accuracy(self, rows: np.ndarray) -> float:
        """Return how often the surest of some rows are right."""
        sure, right = self.sure[rows], self.right[rows]
        return float(right[np.argsort(-sure, kind="stable")[: int(SUREST * len(rows))]].mean())


def rank(p: np.ndarray, truth: np.ndarray) -> Ranking:
    return Ranking(np.abs(p - 0.5), np.where(p >= 0.5, truth, 1 - truth))


def read_market(folder: Path, seed: int):  # type: ignore[no-untyped-def]
    scenario = Scenario(
        seed=seed, bars=BARS, kind="mixed", strength=STRENGTH, horizon=1, symbols=SYMBOLS
    )  # fmt: skip
    write_simulation(scenario, folder / "sim")
    data = sorted((folder / "sim").glob("*_sim_*.parquet"))
    return scenario, data, read_series(data, ())


def teach(folder: Path, series, until: int) -> Path:  # type: ignore[no-untyped-def]
    made = train_model(
        TrainingRequest(
            series=series, until=until, models=folder / "models", family="ensemble",
            membership=choose_members(MEMBERS), bracket=Bracket(horizon=1),
        )
    )  # fmt: skip
    return folder / "models" / made["model"]


@pytest.mark.parametrize("seed", [7, *SEEDS])
def test_an_ensemble_takes_more_than_half_of_what_no_member_sees_alone(
    tmp_path: Path, record_property: Callable[[str, object], None], seed: int
) -> None:
    scenario, data, series = read_market(tmp_path, seed)
    until = int(series[0].ts_open[int(TAUGHT * len(series[0]))])
    model = KEPT if seed == 7 else teach(tmp_path, series, until)
    told = read_artifact(model)[0].ensemble
    assert isinstance(told, Ensemble)
    assert [each.family for each in told.members] == list(MEMBERS)
    judged = evaluate_model(EvaluationRequest(model=model, data=data, start=until + HOUR)).judged
    truth, rises = np.full(len(judged), np.nan), simulate_truth(scenario)
    for place, one in enumerate(series):
        mine = judged.symbol == place
        truth[mine] = rises[one.symbol][np.searchsorted(one.ts_open, judged.time[mine])]
    known = ~np.isnan(truth)
    assert known.sum() >= 100_000
    best = min(range(len(MEMBERS)), key=lambda place: told.members[place].held_out_loss)
    joint, member, ideal = (
        rank(each[known], truth[known])
        for each in (judged.forecasts["p_up"] / 10_000, judged.votes[:, best] / 10_000, truth)
    )
    whole = np.arange(len(joint.sure))
    blocks, taken = np.array_split(whole, BLOCKS), []
    rng = seeded_generator(seed, 9)
    for _ in range(DRAWS):
        rows = np.concatenate([blocks[place] for place in rng.integers(BLOCKS, size=BLOCKS)])
        low, high = member.accuracy(rows), ideal.accuracy(rows)
        taken.append((joint.accuracy(rows) - low) / (high - low))
    told_of = {
        "best member": member.accuracy(whole), "ensemble": joint.accuracy(whole),
        "best possible": ideal.accuracy(whole), "taken, 5 %": float(np.quantile(taken, 0.05)),
        "rows": len(whole),
    }  # fmt: skip
    record_property(f"mechanisms {seed}", str(told_of))
    assert ideal.accuracy(whole) - member.accuracy(whole) >= 0.02, told_of
    assert np.quantile(taken, 0.05) >= 0.5, told_of

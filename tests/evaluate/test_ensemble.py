"""An ensemble is no worse than its best member where the truth is known, and a stack learns of it.

Nothing is tuned on these spans. More seeds: ASSAY_PLANTED_SEEDS=10; longer markets:
ASSAY_ENSEMBLE_BARS=150000; judged by what came: ASSAY_ENSEMBLE_REALISED=1.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from assay.apps.lab.evaluation import EvaluationRequest, Judged, evaluate_model
from assay.apps.lab.simulation import TRUTH, write_simulation
from assay.apps.lab.training import TrainingRequest, read_series, train_model
from assay.market.series import BarSeries
from assay.market.simulation import Scenario
from assay.runtime.ids import seeded_generator
from assay.signals.calibration.scoring import log_losses
from assay.signals.labels import Bracket
from assay.signals.prediction import Ensemble, read_artifact

SEEDS = range(101, 101 + int(os.environ.get("ASSAY_PLANTED_SEEDS", "1")))
BARS = int(os.environ.get("ASSAY_ENSEMBLE_BARS", "30000"))
TAUGHT, HORIZON = 0.62, 30
BLOCK = 2 * HORIZON
DRAWS = 2_000
HOUR = 3_600_000_000_000


REALISED = bool(os.environ.get("ASSAY_ENSEMBLE_REALISED"))
"""Judge by what came, which is mostly chance, and not by what the known truth expects of it."""


@dataclass(frozen=True)
class Difference:
    """Hold the mean of the paired log-loss difference, and its one-sided 95 % bound."""

    mean: float
    bound: float
    best: str
    combined_by: str
    rows: int


def simulate(folder: Path, seed: int, kind: str) -> tuple[list[Path], list[BarSeries]]:
    symbols = ("EURUSD", "USDJPY") if kind == "lagged" else ("EURUSD",)
    bars = BARS // len(symbols)
    scenario = Scenario(seed=seed, bars=bars, kind=kind, horizon=HORIZON, symbols=symbols)
    write_simulation(scenario, folder / "sim")
    data = sorted((folder / "sim").glob("*_sim_*.parquet"))
    return data, read_series(data, ())


def judge(
    folder: Path, data: list[Path], series: list[BarSeries], family: str
) -> tuple[str, Judged]:
    until = int(series[0].ts_open[int(TAUGHT * len(series[0]))])
    made = train_model(
        TrainingRequest(
            series=series, until=until, models=folder / "models", family=family,
            bracket=Bracket(horizon=HORIZON),
        )
    )  # fmt: skip
    start = until + HORIZON * HOUR
    request = EvaluationRequest(model=folder / "models" / made["model"], data=data, start=start)
    return made["model"], evaluate_model(request).judged


def truth_of(folder: Path, judged: Judged, symbols: list[str]) -> np.ndarray:
    """Return the best possible probability of up at each judged bar; NaN where the data end."""
    table = pq.read_table(folder / "sim" / TRUTH)
    times = table["time"].to_numpy().astype("datetime64[ns]").astype(np.int64)
    named = table["symbol"].to_numpy(zero_copy_only=False)
    truth = table["p_up"].to_numpy(zero_copy_only=False)
    found = np.full(len(judged), np.nan)
    for place, symbol in enumerate(symbols):
        rows, mine = np.flatnonzero(named == symbol), judged.symbol == place
        at = rows[np.searchsorted(times[rows], judged.time[mine])]
        assert np.array_equal(times[at], judged.time[mine])
        found[mine] = truth[at]
    return found


def lost(judged: Judged, up: np.ndarray) -> np.ndarray:
    """Return the log loss of each bar for outcomes, or for the chance of them."""
    p = judged.forecasts["p_up"] / 10_000
    whole = np.ones(len(p), bool)
    return up * log_losses(p, whole) + (1 - up) * log_losses(p, ~whole)


def compare(folder: Path, seed: int, kind: str) -> Difference:
    """Return how much more an ensemble lost than its best member, chosen on held-out rows."""
    data, series = simulate(folder, seed, kind)
    model, joint = judge(folder, data, series, "ensemble")
    told = read_artifact(folder / "models" / model)[0].ensemble
    assert isinstance(told, Ensemble)
    best = min(told.members, key=lambda each: each.held_out_loss).family
    _, alone = judge(folder, data, series, best)
    assert np.array_equal(joint.time, alone.time)
    up = joint.up if REALISED else truth_of(folder, joint, [one.symbol for one in series])
    difference = lost(joint, up) - lost(alone, up)
    known = ~np.isnan(difference)
    difference = difference[known]
    blocks = np.array_split(difference, len(difference) // (BLOCK * len(series)))
    sums, sizes = np.array([each.sum() for each in blocks]), np.array([len(b) for b in blocks])
    drawn = seeded_generator(seed, 9).integers(len(blocks), size=(DRAWS, len(blocks)))
    means = sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1)
    return Difference(
        mean=float(difference.mean()), bound=float(np.quantile(means, 0.95)), best=best,
        combined_by=told.combined_by.method, rows=len(difference),
    )  # fmt: skip


@pytest.mark.parametrize("kind", ["linear", "regime"])
@pytest.mark.parametrize("seed", SEEDS)
def test_an_ensemble_is_no_worse_than_its_best_member(tmp_path: Path, seed: int, kind: str) -> None:
    found = compare(tmp_path, seed, kind)
    assert found.bound < 0.002, found

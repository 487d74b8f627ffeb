"""A sweep over noise claims no skill, one over a market that trends does; costs left out.

Nothing is tuned on these markets. More of them: ASSAY_PLANTED_SEEDS=50.
"""

from __future__ import annotations

import os
from decimal import Decimal
from pathlib import Path

import numpy as np

from assay.apps.lab.backtests.backtest import Request
from assay.apps.lab.runs.setup import Costs
from assay.apps.lab.sweeps.grid import parse_axis
from assay.apps.lab.sweeps.sweep import SweepRequest, run_sweep
from assay.apps.lab.sweeps.verdict import JudgedSweep, judge_sweep, word_verdict
from assay.market.series import BarSeries
from assay.market.sources.parquet.writing import write_parquet
from assay.model.time import Timeframe, parse_time
from assay.runtime.ids import seeded_generator

SEEDS = range(201, 201 + int(os.environ.get("ASSAY_PLANTED_SEEDS", "12")))
BARS, START = 6_000, parse_time("2019-01-07T00:00:00Z")


def write_market(path: Path, seed: int, trend: float) -> Path:
    """Write hours that drift up or down for about 200 bars in turn, or only wander."""
    generator = seeded_generator(seed)
    turns = np.cumsum(generator.random(BARS) < 1 / 200) % 2
    steps = 60 * generator.standard_normal(BARS) + trend * (2 * turns - 1)
    close = 113_000 + np.rint(np.cumsum(steps)).astype(np.int64)
    opened = np.concatenate([close[:1], close[:-1]])
    ends = np.stack([opened, close])
    series = BarSeries(
        symbol="EURUSD", timeframe=Timeframe.H1, side="bid", source="generated", digits=5,
        ts_open=START + np.arange(BARS) * int(Timeframe.H1), open=opened, high=ends.max(axis=0),
        low=ends.min(axis=0), close=close, fold=np.zeros(BARS, np.bool_),
    )  # fmt: skip
    write_parquet(series, path)
    return path


def sweep_over(folder: Path, seed: int, trend: float) -> tuple[JudgedSweep, str]:
    """Sweep 40 variants over one market."""
    name = f"eurusd_h1_made_{seed}_20190107_20190914.parquet"
    base = Request(
        data=[write_market(folder / name, seed, trend)], strategy="sma-cross",
        costs=Costs(spread_pips=Decimal(0), commission_bp=Decimal(0)),
    )  # fmt: skip
    axes = [parse_axis("fast=5:25:5"), parse_axis("slow=30:240:30")]
    swept = run_sweep(SweepRequest(base=base, axes=axes))
    judged = judge_sweep(swept)
    return judged, word_verdict(swept, judged)


def test_noise_is_rarely_called_skill_and_a_trend_always(tmp_path: Path) -> None:
    noise = [sweep_over(tmp_path, seed, 0.0)[1] for seed in SEEDS]
    claimed = sum(verdict.startswith("Skill shown") for verdict in noise)
    assert claimed <= max(1, len(noise) // 10), noise
    trending = [sweep_over(tmp_path, seed + 1_000, 20.0) for seed in SEEDS[:3]]
    assert all(verdict.startswith("Skill shown") for _, verdict in trending), trending
    assert all((judged.overfitting.probability if judged.overfitting else 1) < 0.2
               for judged, _ in trending), trending  # fmt: skip

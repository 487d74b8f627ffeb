"""The walk as a run of the laboratory."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from assay.apps.lab.runs.drivers import sweep
from assay.apps.lab.runs.setup import Setup, prepare
from assay.market.sources.parquet import read_parquet
from assay.trading.engine.loading import load_strategy
from benches.harness import Bench, Round, time_batch
from benches.workload.references import run_compiled
from benches.workload.walk import BARS, Walk, write_walk

WALK_FILE = "eurusd_m1_walk_20180101_20191231.parquet"
STRATEGIES = Path(__file__).resolve().parent / "strategies"


def prepare_run(folder: Path, walk: Walk, strategy: str, risk: str) -> Setup:
    """Return the setup of a strategy on the walk, written and read as a file of bars."""
    path = folder / WALK_FILE
    if not path.exists():
        write_walk(walk, path)
    return prepare([read_parquet(path)], load_strategy(strategy, STRATEGIES), given={}, risk=risk)


def compare_sweep(setup: Setup, walk: Walk, what: str, floor: float | None = None) -> Bench:
    """Return the bench of a sweep beside the bare loop, its fills and denials noted."""
    equity = np.empty(BARS, np.int64)
    outcome = sweep(setup).outcome

    def subject() -> Round:
        run = sweep(setup)
        return Round(run.bars, run.seconds)

    return Bench(
        what=what,
        items="bars",
        figure="rate",
        reference_what="bare Numba SMA-cross loop",
        subject=subject,
        reference=lambda: time_batch(BARS, lambda: run_compiled(walk.open, walk.close, equity)),
        floor=floor,
        notes={
            "fills": len(outcome.fills),
            "denied": int((outcome.orders["denied"] != 0).sum()),
        },
    )

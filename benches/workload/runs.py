"""The walk as a run of the laboratory."""

from __future__ import annotations

from pathlib import Path

from assay.apps.lab.setup import Setup, prepare
from assay.market.sources.parquet import read_parquet
from assay.trading.engine.loading import load_strategy
from benches.workload.walk import Walk, write_walk

WALK_FILE = "eurusd_m1_walk_20180101_20191231.parquet"


def prepare_run(folder: Path, walk: Walk, strategy: str, risk: str) -> Setup:
    """Return the setup of a strategy on the walk, written and read as a file of bars."""
    path = folder / WALK_FILE
    if not path.exists():
        write_walk(walk, path)
    return prepare([read_parquet(path)], load_strategy(strategy), given={}, risk=risk)

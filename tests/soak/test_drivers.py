"""Random markets through both drivers until the budget is spent: equal digests, no gap."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from assay.apps.lab.runs.drivers import replay, sweep
from assay.apps.lab.runs.setup import prepare
from assay.market.sources.parquet import read_parquet
from assay.runtime.clock import Deadline
from assay.trading.engine.loading import load_strategy

START_US = 1_514_764_800_000_000
MINUTE_US = 60_000_000
BARS = 3_000
SHARE = 0.9
"""Of the budget; the rest is for the round that is under way when it ends."""


def write_market(path: Path, seed: int) -> Path:
    """Write bars with jumps between them and holes in time; the seed names the market."""
    rng = np.random.default_rng(seed)
    steps = rng.integers(-40, 41, BARS) * rng.choice([1, 1, 1, 10], BARS)
    close = 120_000 + np.cumsum(steps) - int(np.cumsum(steps).min())
    opened = close - rng.integers(-30, 31, BARS)
    high = np.maximum(opened, close) + rng.integers(0, 50, BARS)
    low = np.minimum(opened, close) - rng.integers(0, 50, BARS)
    minutes = np.cumsum(rng.choice([1, 1, 1, 1, 60], BARS))
    columns: dict[str, object] = {
        "time": pa.array(START_US + MINUTE_US * minutes, pa.timestamp("us", tz="UTC"))
    }
    named = {"open": opened, "high": high, "low": low, "close": close}
    columns |= {name: np.round(prices / 1e5, 5) for name, prices in named.items()}
    pq.write_table(pa.table({**columns, "volume": np.ones(BARS)}), path)
    return path


def test_drivers_agree_on_random_markets(
    tmp_path: Path, soak_seconds: float, soak_seed: int
) -> None:
    deadline, rounds = Deadline(SHARE * soak_seconds), 0
    while rounds == 0 or not deadline.has_passed():
        seed = soak_seed + rounds
        path = write_market(tmp_path / "eurusd_m1_soak_20180101_20191231.parquet", seed)
        strategy = load_strategy(("sma-cross", "breakout")[rounds % 2])
        risk = ("reference", "default")[rounds // 2 % 2]
        setup = prepare([read_parquet(path)], strategy, given={}, risk=risk)
        replayed = replay(setup)
        assert replayed.halted == "", f"seed {seed}: {replayed.halted}"
        assert replayed.outcome.digest(setup) == sweep(setup).outcome.digest(setup), f"seed {seed}"
        rounds += 1

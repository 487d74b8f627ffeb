"""Rows to search settings on."""

from __future__ import annotations

from typing import Any

import numpy as np

from assay.runtime.ids import seeded_generator
from assay.signals.training import Rows
from assay.signals.tuning import Bench, fit_span

HORIZON = 10


def labelled(count: int, *, seed: int = 1) -> Rows:
    """Return rows every minute, known ten minutes on, whose direction hangs on one feature."""
    rng = seeded_generator(seed)
    time = np.arange(count, dtype=np.int64) * 60 * 10**9
    features = rng.normal(size=(count, 6)).astype(np.float32)
    up = (rng.normal(size=count) < 0.5 * features[:, 0]).astype(np.int8)
    net = np.where(up == 1, 90, -110).astype(np.int64)
    ones = np.ones(count, np.int64)
    return Rows(
        time=time, end=time + HORIZON * 60 * 10**9, symbol=0 * ones, features=features,
        outcome=up, up=up, up_soon=up, weight=np.full(count, 0.5), long_net=net,
        short_net=-net - 20,
        long_points=net, short_points=-net, stop=100 * ones,
    )  # fmt: skip


def bench_of(rows: Rows, **other: Any) -> Bench:
    return Bench(rows=fit_span(rows), families=("lightgbm",), horizon=HORIZON * 60 * 10**9, **other)

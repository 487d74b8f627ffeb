"""Features of a whole column of bars, for training."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import talib

from assay.model.time import MINUTE
from assay.signals.features import BarColumns, compute_features, standard_set
from benches.harness import Bench, time_batch

BARS = 500_000
FLOOR = 333_000.0
"""Bars a second: a million in three seconds."""


def build(folder: Path) -> Bench:
    """Compare the standard set with five indicators of TA-Lib over the same closes."""
    rng = np.random.default_rng(1)
    closes = 1_100_000 + np.cumsum(rng.integers(-30, 31, BARS))
    times = MINUTE * np.arange(1, BARS + 1)
    bars = BarColumns(times, closes, closes + 9, closes - 9, closes, np.full(BARS, 9))
    chosen, floats = standard_set(MINUTE), closes.astype(np.float64)

    def reference() -> None:
        for function in (talib.SMA, talib.EMA, talib.RSI, talib.MACD, talib.BBANDS):
            function(floats)

    return Bench(
        what=f"{len(chosen.names)} features over {BARS:,} bars",
        items="bars",
        figure="rate",
        reference_what="five indicators of TA-Lib over the same closes",
        subject=lambda: time_batch(BARS, lambda: compute_features(chosen, bars)),
        reference=lambda: time_batch(BARS, reference),
        floor=FLOOR,
    )

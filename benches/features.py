"""Features of one bar: the standard set, live, as bytes ready to send."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import talib

from assay.model.messages import BarClosed
from assay.model.time import MINUTE
from assay.signals.features import FeatureModule, standard_set
from benches.harness import Bench, Round, time_each

BARS = 20_000
WINDOW = 200
FLOOR = 100.0
"""Microseconds at the 99th percentile."""


def build(folder: Path) -> Bench:
    """Compare the module with five indicators of TA-Lib over a window, anew at each bar."""
    rng = np.random.default_rng(1)
    closes = 110_000 + np.cumsum(rng.integers(-30, 31, BARS + 1))
    bars = [
        BarClosed(
            id=1, ts_event=MINUTE * (row + 1), ts_init=0, symbol="EURUSD", timeframe=MINUTE,
            ts_open=MINUTE * row, open=int(closes[row]), close=int(closes[row + 1]),
            high=int(closes[row : row + 2].max()) + 9, low=int(closes[row : row + 2].min()) - 9,
            spread_open=9, spread_high=9, spread_low=9, spread_close=9, volume=3.0,
        )
        for row in range(BARS)
    ]  # fmt: skip
    floats = closes.astype(np.float64)

    def subject() -> Round:
        module = FeatureModule(standard_set(MINUTE), ("EURUSD",), MINUTE, lambda: 1)
        return time_each(BARS, lambda row: module.handle(bars[row]))

    def window(row: int) -> None:
        part = floats[max(0, row - WINDOW) : row + 1]
        for function in (talib.SMA, talib.EMA, talib.RSI, talib.MACD, talib.BBANDS):
            function(part)

    return Bench(
        what=f"{len(standard_set(MINUTE).names)} features of one bar, message in, message out",
        items="bars",
        figure="latency",
        reference_what=f"five indicators of TA-Lib over {WINDOW} closes",
        subject=subject,
        reference=lambda: time_each(BARS, window),
        floor=FLOOR,
    )

"""One million one-minute bars of a seeded random walk, in integer points."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

BARS = 1_000_000
SEED = 7
DIGITS = 5
MINUTE_US = 60_000_000
START_US = 1_514_764_800_000_000
"""2018-01-01 00:00 UTC."""


@dataclass(frozen=True, slots=True)
class Walk:
    """Hold open, high, low and close in points, and open times in microseconds UTC."""

    time: NDArray[np.int64]
    open: NDArray[np.int64]
    high: NDArray[np.int64]
    low: NDArray[np.int64]
    close: NDArray[np.int64]


def generate_walk(bars: int = BARS) -> Walk:
    """Return bars whose open is the previous close; a price that leaves 0.5..2 is turned back."""
    rng = np.random.default_rng(SEED)
    steps = np.rint(rng.normal(0.0, 12.0, bars)).astype(np.int64)
    path = 120_000 + np.cumsum(steps)
    low, high = 50_000, 200_000
    span = 2 * (high - low)
    folded = (path - low) % span
    close = low + np.minimum(folded, span - folded)
    opened = np.concatenate(([120_000], close[:-1]))
    wick = np.abs(np.rint(rng.normal(0.0, 6.0, (2, bars)))).astype(np.int64)
    return Walk(
        time=START_US + MINUTE_US * np.arange(bars, dtype=np.int64),
        open=opened,
        high=np.maximum(opened, close) + wick[0],
        low=np.minimum(opened, close) - wick[1],
        close=close,
    )


def write_walk(walk: Walk, path: Path) -> Path:
    """Write the bars in the Parquet layout of the market data and return the path."""
    scale = 10.0**DIGITS
    columns = {
        "time": pa.array(walk.time, pa.timestamp("us", tz="UTC")),
        **{
            name: pa.array(np.round(getattr(walk, name) / scale, DIGITS))
            for name in ("open", "high", "low", "close")
        },
        "volume": pa.array(np.ones(len(walk.time))),
    }
    pq.write_table(pa.table(columns), path, compression="zstd")
    return path

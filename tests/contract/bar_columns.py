"""Bars to hold indicators to: those of the program's own checks, and real ones."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from assay.market.history import sample
from assay.model.time import HOUR
from assay.signals.plugins.checks import message_of
from assay.signals.plugins.markets import ODD, START, USUAL, bars_from, random_bars, walk
from assay.signals.streams.columns import BarColumns

__all__ = [
    "ODD_SERIES", "SERIES", "START", "bars_from", "message_of", "random_bars", "real_bars", "walk",
]  # fmt: skip


@cache
def real_bars() -> BarColumns:
    """Return the packaged hours of EURUSD, which have no spread of their own."""
    (path,) = Path(sample.__path__[0]).glob("*.parquet")
    table = pq.read_table(path)
    prices = [
        np.rint(table[name].to_numpy() * 1e5).astype(np.int64)
        for name in ("open", "high", "low", "close")
    ]
    times = START + HOUR * np.arange(1, len(prices[0]) + 1)
    return BarColumns(times, *prices, np.full(len(times), 12))


SERIES: dict[str, Callable[[], BarColumns]] = {**USUAL, "real": real_bars}
ODD_SERIES: dict[str, Callable[[], BarColumns]] = ODD

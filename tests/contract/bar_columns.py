"""Bars to hold indicators to: random, real, flat, jumping, extreme."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from assay.market.history import sample
from assay.model.messages import BarClosed
from assay.model.time import HOUR, MINUTE, parse_time
from assay.signals.streams.columns import BarColumns

START = parse_time("2021-03-01")


def bars_from(closes: np.ndarray, seed: int = 0, gap: int = 0) -> BarColumns:
    """Return minute bars around these closes, opening `gap` points from the close before."""
    rng = np.random.default_rng(seed)
    opens = np.concatenate((closes[:1], closes[:-1])) + gap * rng.integers(-1, 2, len(closes))
    still = np.concatenate(([False], np.diff(closes) == 0))
    reach = np.where(still, 0, rng.integers(0, 25, (2, len(closes))))
    opens = np.where(still, closes, opens)
    return BarColumns(
        START + MINUTE * np.arange(1, len(closes) + 1),
        opens,
        np.maximum(opens, closes) + reach[0],
        np.minimum(opens, closes) - reach[1],
        closes,
        rng.integers(1, 40, len(closes)),
        rng.integers(1, 900, len(closes)).astype(np.float64),
    )


def walk(seed: int, bars: int = 1500) -> np.ndarray:
    """Return closes of a random walk in points."""
    return 110_000 + np.cumsum(np.random.default_rng(seed).integers(-30, 31, bars))


@cache
def random_bars() -> BarColumns:
    """Return a random walk with small gaps."""
    return bars_from(walk(1, 6000), gap=3)


@cache
def flat_and_jumping_bars() -> BarColumns:
    """Return a walk with flat stretches of several lengths, jumps and a trend."""
    closes = walk(2, 4000)
    closes[300:340] = closes[300]
    closes[1000:1400] = closes[1000]
    closes[1700:] += 9_000
    closes[2500:2600] = closes[2500] + 40 * np.arange(100)
    closes[3000:] -= 15_000
    return bars_from(closes, seed=2, gap=5)


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


def flat_bars() -> BarColumns:
    """Return a market that never moves."""
    return bars_from(np.full(700, 110_000))


def falling_quiet_bars() -> BarColumns:
    """Return a walk that stops for good."""
    return bars_from(np.concatenate((walk(3, 300), np.full(1500, 109_000))))


def extreme_bars() -> BarColumns:
    """Return the largest prices there may be beside the smallest, zero and negative ones."""
    rng = np.random.default_rng(4)
    closes = rng.choice(np.array([1, 0, -5_000, 2**42, -(2**42), 7]), 900)
    return bars_from(closes, seed=4)


SERIES: dict[str, Callable[[], BarColumns]] = {
    "random": random_bars, "jumping": flat_and_jumping_bars, "real": real_bars,
}  # fmt: skip
ODD_SERIES: dict[str, Callable[[], BarColumns]] = {
    "flat": flat_bars, "quiet": falling_quiet_bars, "extreme": extreme_bars,
}  # fmt: skip


def message_of(columns: BarColumns, row: int, symbol: str = "EURUSD") -> BarClosed:
    """Return the message that carries one bar live."""
    spread = int(columns.spread[row])
    close = int(columns.ts_close[row])
    volume = None if columns.volume is None else float(columns.volume[row])
    return BarClosed(
        id=row + 1, ts_event=close, ts_init=close, symbol=symbol, timeframe=MINUTE,
        ts_open=close - MINUTE, open=int(columns.open[row]), high=int(columns.high[row]),
        low=int(columns.low[row]), close=int(columns.close[row]), spread_open=spread + 1,
        spread_high=spread + 2, spread_low=spread + 3, spread_close=spread, volume=volume,
    )  # fmt: skip

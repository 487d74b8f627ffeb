"""What each indicator must give: TA-Lib where it has it, else plain NumPy from the definition."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import talib

from assay.model.time import SECOND
from assay.signals.streams.columns import BarColumns
from tests.contract import references_averages, references_channels, references_flow

Columns = Sequence[np.ndarray]


def _prices(bars: BarColumns) -> Columns:
    return [np.asarray(c, dtype=np.float64) for c in (bars.high, bars.low, bars.close)]


def _mean(values: np.ndarray, period: int) -> np.ndarray:
    windows = np.lib.stride_tricks.sliding_window_view(values, period)
    return np.concatenate((np.full(period - 1, np.nan), windows.mean(axis=1)))


def adx(bars: BarColumns, period: int) -> Columns:
    prices = _prices(bars)
    return [f(*prices, period) for f in (talib.ADX, talib.PLUS_DI, talib.MINUS_DI)]


def atr(bars: BarColumns, period: int) -> Columns:
    return [talib.ATR(*_prices(bars), period)]


def bollinger(bars: BarColumns, period: int, deviations: float) -> Columns:
    return talib.BBANDS(_prices(bars)[2], period, deviations, deviations)


def candle(bars: BarColumns) -> Columns:
    high, low, close = _prices(bars)
    before = np.concatenate(([np.nan], close[:-1]))
    middle = talib.MEDPRICE(high, low)
    upper, lower = high - np.maximum(bars.open, close), np.minimum(bars.open, close) - low
    parts = (high - low, middle, close - bars.open, upper, lower, bars.open - before)
    return [part + 0 * before for part in parts]


def ema(bars: BarColumns, period: int) -> Columns:
    return [talib.EMA(_prices(bars)[2], period)]


def macd(bars: BarColumns, fast: int, slow: int, signal: int) -> Columns:
    return talib.MACD(_prices(bars)[2], fast, slow, signal)


def realised_volatility(bars: BarColumns, period: int) -> Columns:
    close = _prices(bars)[2]
    ratio = np.sqrt(_mean(np.diff(np.log(close)) ** 2, period))
    ratio = np.concatenate(([np.nan], ratio))
    return [ratio, ratio * close]


def roc(bars: BarColumns, period: int) -> Columns:
    close = _prices(bars)[2]
    return [talib.ROC(close, period), talib.MOM(close, period)]


def rsi(bars: BarColumns, period: int) -> Columns:
    return [talib.RSI(_prices(bars)[2], period)]


def seasonal_volatility(
    bars: BarColumns, short: int, long: int, days: int, bars_a_day: int
) -> Columns:
    high, low, close = _prices(bars)
    before = np.concatenate((close[:1], close[:-1]))
    high, low = np.maximum(high, before), np.minimum(low, before)
    high[0], low[0] = bars.high[0], bars.low[0]
    reach = np.log(high / low)
    zone = ZoneInfo("America/New_York")
    closes = [
        datetime.fromtimestamp(ts // SECOND, zone).replace(tzinfo=None) for ts in bars.ts_close
    ]
    walls = [close - timedelta(seconds=1) for close in closes]
    hours = [(wall.date(), wall.hour) for wall in walls]
    begins = [i for i in range(len(hours)) if i == 0 or hours[i] != hours[i - 1]]
    shares, usual_range = np.ones(len(reach)), np.zeros(len(reach))
    for number, (begin, end) in enumerate(zip(begins, [*begins[1:], len(hours)], strict=True)):
        known = range(max(0, number - 24 * days), number)
        same = [k for k in known if hours[begins[k]][1] == hours[begin][1]]
        past = [reach[begins[k] : begins[k + 1]] for k in same or known]
        of_past = np.concatenate(past).mean() if past else 0.0
        for i in range(begin, end):
            usual = of_past if past else reach[begin : i + 1].mean()
            shares[i] = reach[i] / usual if usual > 0 else 1
            usual_range[i] = usual
    ratios = (_mean(shares, span) for span in (short, long))
    held = (np.log(np.clip(ratio, np.exp(-5), np.exp(5))) for ratio in ratios)
    change, expected = np.diff(np.log(close), prepend=np.nan), usual_range * _mean(shares, long)
    move = np.divide(change, expected, out=0 * expected, where=expected > 0)
    return [*(part + 0 * expected for part in held), np.clip(move, -5, 5)]


def sma(bars: BarColumns, period: int) -> Columns:
    return [talib.SMA(_prices(bars)[2], period)]


def spread(bars: BarColumns, period: int) -> Columns:
    spreads = bars.spread.astype(np.float64)
    mean = talib.SMA(spreads, period)
    return [spreads + 0 * mean, mean]


def stochastic(bars: BarColumns, period: int, smooth: int, signal: int) -> Columns:
    return talib.STOCH(*_prices(bars), period, smooth, 0, signal, 0)


def time_of_day(bars: BarColumns) -> Columns:
    zone = ZoneInfo("America/New_York")
    walls = [datetime.fromtimestamp(ts // SECOND, UTC).astimezone(zone) for ts in bars.ts_close]
    day = np.array([w.hour * 3600 + w.minute * 60 + w.second for w in walls])
    weekday = np.array([wall.weekday() for wall in walls])
    angle = 2 * np.pi * day / 86_400
    since_open = (weekday * 24 + day / 3600 + 7) % 168
    return [np.sin(angle), np.cos(angle), weekday.astype(np.float64), since_open]


def volume(bars: BarColumns, period: int) -> Columns:
    if bars.volume is None:
        return [np.full(len(bars), np.nan)] * 2
    mean = talib.SMA(bars.volume, period)
    return [bars.volume + 0 * mean, mean]


REFERENCES: dict[str, Callable[..., Columns]] = {
    each.__name__: each
    for each in (
        adx, atr, bollinger, candle, ema, macd, realised_volatility, roc, rsi,
        seasonal_volatility, sma, spread, stochastic, time_of_day, volume,
    )
}  # fmt: skip
CHOICES: dict[str, Sequence[dict[str, float]]] = {
    "adx": [{}, {"period": 2}, {"period": 30}],
    "bollinger": [{}, {"period": 2}, {"period": 50, "deviations": 2.5}],
    "candle": [{}],
    "macd": [{}, {"fast": 3, "slow": 10, "signal": 1}, {"fast": 5, "slow": 60, "signal": 20}],
    "seasonal_volatility": [
        {"days": 1},
        {"short": 1, "long": 2, "days": 1},
        {"short": 5, "long": 300, "days": 2},
    ],
    "stochastic": [{}, {"period": 1}, {"period": 50, "smooth": 1, "signal": 7}],
    "time_of_day": [{}],
}
"""Parameters to try; indicators of one period that are not here get DEFAULT_CHOICES."""
DEFAULT_CHOICES: Sequence[dict[str, float]] = [{}, {"period": 2}, {"period": 7}, {"period": 100}]
for others in (references_averages, references_channels, references_flow):
    REFERENCES |= others.REFERENCES
    CHOICES |= others.CHOICES

"""What averages, bands of stops and oscillators must give: TA-Lib, else plain NumPy."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import talib

from assay.signals.streams.columns import BarColumns

Columns = Sequence[np.ndarray]


def _prices(bars: BarColumns) -> Columns:
    return [np.asarray(c, dtype=np.float64) for c in (bars.high, bars.low, bars.close)]


def _windows(values: np.ndarray, period: int) -> np.ndarray:
    padded = np.concatenate((np.full(period - 1, np.nan), values))
    return np.lib.stride_tricks.sliding_window_view(padded, period)


def aroon(bars: BarColumns, period: int) -> Columns:
    high, low, _ = _prices(bars)
    down, up = talib.AROON(high, low, period)
    return [up, down, talib.AROONOSC(high, low, period)]


def cci(bars: BarColumns, period: int) -> Columns:
    # Of prices times 3 it is the same, and TA-Lib rounds no thirds.
    return [talib.CCI(*(3 * prices for prices in _prices(bars)), period)]


def dema(bars: BarColumns, period: int) -> Columns:
    return [talib.DEMA(_prices(bars)[2], period)]


def fisher_transform(bars: BarColumns, period: int) -> Columns:
    high, low, _ = _prices(bars)
    middle = (high + low) / 2
    windows = _windows(middle, period)
    lowest = windows.min(axis=1)
    reach = windows.max(axis=1) - lowest
    places = np.divide(middle - lowest, reach, out=0 * reach + 0.5, where=reach != 0)
    fishers, value, fisher = [np.nan] * period, 0.0, 0.0
    for place in places[period - 1 :].tolist():
        value = 0.33 * 2 * (place - 0.5) + 0.67 * value
        value = 0.999 if value > 0.99 else -0.999 if value < -0.99 else value
        fisher = math.atanh(value) + 0.5 * fisher
        fishers.append(fisher)
    known = np.array(fishers)
    return [known[1:] + 0 * known[:-1], known[:-1]]


def hma(bars: BarColumns, period: int) -> Columns:
    close = _prices(bars)[2]
    ahead = 2 * _weighted(close, period // 2) - _weighted(close, period)
    return [_weighted(ahead, int(period**0.5))]


def _weighted(values: np.ndarray, period: int) -> np.ndarray:
    total = sum((period - age) * _shift(values, age) for age in range(period))
    return total / (period * (period + 1) / 2)


def _shift(values: np.ndarray, bars: int) -> np.ndarray:
    return np.concatenate((np.full(bars, np.nan), values[: len(values) - bars]))


def kama(bars: BarColumns, period: int) -> Columns:
    return [talib.KAMA(_prices(bars)[2], period)]


def momentum(bars: BarColumns, period: int) -> Columns:
    return [talib.MOM(_prices(bars)[2], period)]


def natr(bars: BarColumns, period: int) -> Columns:
    return [talib.NATR(*_prices(bars), period)]


def sar(bars: BarColumns, start: float, step: float, most: float) -> Columns:
    high, low, _ = _prices(bars)
    signed = talib.SAREXT(high, low, 0, 0, start, step, most, start, step, most)
    if start == step:
        assert np.array_equal(np.abs(signed), talib.SAR(high, low, step, most), equal_nan=True)
    return [np.abs(signed), np.sign(signed)]


def standard_deviation(bars: BarColumns, period: int) -> Columns:
    return [talib.STDDEV(_prices(bars)[2], period, 1)]


def stoch_rsi(bars: BarColumns, period: int, k: int, d: int) -> Columns:
    close = _prices(bars)[2]
    windows = _windows(talib.RSI(close, period), k)
    stands_still = windows.max(axis=1) - windows.min(axis=1) <= 0.001
    place, _ = talib.STOCHRSI(close, period, k, 1, 0)
    place[stands_still] = 0
    mean = _windows(place, d).mean(axis=1)
    return [place + 0 * mean, mean]


def supertrend(bars: BarColumns, period: int, multiplier: float) -> Columns:
    high, low, close = _prices(bars)
    width = multiplier * talib.ATR(high, low, close, period)
    basic_lower, basic_upper = (high + low) / 2 - width, (high + low) / 2 + width
    lower, upper, closes = basic_lower.tolist(), basic_upper.tolist(), close.tolist()
    side = [-1.0] * len(closes)
    for i in range(period + 1, len(closes)):
        if not (lower[i] > lower[i - 1] or closes[i - 1] < lower[i - 1]):
            lower[i] = lower[i - 1]
        if not (upper[i] < upper[i - 1] or closes[i - 1] > upper[i - 1]):
            upper[i] = upper[i - 1]
        if side[i - 1] < 0:
            side[i] = 1.0 if closes[i] > upper[i] else -1.0
        else:
            side[i] = -1.0 if closes[i] < lower[i] else 1.0
    sides = np.array(side)
    return [np.where(sides > 0, lower, upper), sides + 0 * width]


def tema(bars: BarColumns, period: int) -> Columns:
    return [talib.TEMA(_prices(bars)[2], period)]


def tsi(bars: BarColumns, long: int, short: int, signal: int) -> Columns:
    change = np.diff(_prices(bars)[2], prepend=np.nan)
    move, path = (_averaged(_averaged(each, long), short) for each in (change, np.abs(change)))
    strength = 100 * np.divide(move, path, out=0 * path, where=path > 0)
    average = _averaged(strength, signal)
    return [strength + 0 * average, average]


def _averaged(values: np.ndarray, period: int) -> np.ndarray:
    begin = int(np.isnan(values).sum())
    known = talib.EMA(values[begin:], period) if period > 1 else values[begin:]
    return np.concatenate((np.full(begin, np.nan), known))


def ultimate_oscillator(bars: BarColumns, short: int, medium: int, long: int) -> Columns:
    return [talib.ULTOSC(*_prices(bars), short, medium, long)]


def williams_r(bars: BarColumns, period: int) -> Columns:
    return [talib.WILLR(*_prices(bars), period)]


def wma(bars: BarColumns, period: int) -> Columns:
    return [talib.WMA(_prices(bars)[2], period)]


def z_score(bars: BarColumns, period: int) -> Columns:
    close = _prices(bars)[2]
    mean = sum(close - _shift(close, age) for age in range(period)) / period
    squares = sum((close - _shift(close, age) - mean) ** 2 for age in range(period))
    deviation = np.sqrt(squares / period)
    return [np.divide(mean, deviation, out=0 * deviation, where=deviation != 0)]


REFERENCES: dict[str, Callable[..., Columns]] = {
    each.__name__: each
    for each in (
        aroon, cci, dema, fisher_transform, hma, kama, momentum, natr, sar, standard_deviation,
        stoch_rsi, supertrend, tema, tsi, ultimate_oscillator, williams_r, wma, z_score,
    )
}  # fmt: skip
CHOICES: dict[str, Sequence[dict[str, float]]] = {
    "fisher_transform": [{}, {"period": 2}, {"period": 60}],
    "kama": [{}, {"period": 2}, {"period": 30}],
    "sar": [{}, {"start": 0.01, "step": 0.005, "most": 0.1}, {"start": 0.05, "most": 0.05}],
    "stoch_rsi": [{}, {"period": 2, "k": 3, "d": 1}, {"period": 30, "k": 20, "d": 5}],
    "supertrend": [{}, {"period": 2, "multiplier": 0.5}, {"period": 30, "multiplier": 2.5}],
    "tema": [{}, {"period": 2}, {"period": 50}],
    "tsi": [{}, {"long": 2, "short": 2, "signal": 1}, {"long": 40, "short": 20, "signal": 12}],
    "ultimate_oscillator": [{}, {"short": 1, "medium": 2, "long": 3}, {"long": 90}],
}

"""What channels, pivots, volume-based indicators and microstructure from bars must give."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

import numpy as np
import talib

from assay.model.time import SECOND
from assay.signals.streams.columns import BarColumns

Columns = Sequence[np.ndarray]


def _prices(bars: BarColumns) -> Columns:
    return [np.asarray(c, dtype=np.float64) for c in (bars.high, bars.low, bars.close)]


def _volume(bars: BarColumns) -> np.ndarray:
    return np.full(len(bars), np.nan) if bars.volume is None else bars.volume


def _sum(values: np.ndarray, period: int) -> np.ndarray:
    windows = np.lib.stride_tricks.sliding_window_view(values, period)
    return np.concatenate((np.full(period - 1, np.nan), windows.sum(axis=1)))


def _days(bars: BarColumns) -> list[tuple[date, list[int]]]:
    zone = ZoneInfo("America/New_York")
    closes = [
        datetime.fromtimestamp(ts // SECOND, zone).replace(tzinfo=None) for ts in bars.ts_close
    ]
    days = [(close + timedelta(hours=7, seconds=-1)).date() for close in closes]
    return [(day, list(rows)) for day, rows in groupby(range(len(days)), key=days.__getitem__)]


def _change(total: np.ndarray, period: int) -> np.ndarray:
    return np.concatenate((np.full(period, np.nan), total[period:] - total[:-period]))


def donchian(bars: BarColumns, period: int) -> Columns:
    high, low, _ = _prices(bars)
    if period == 1:
        return [high, (high + low) / 2, low]
    upper, lower = talib.MAX(high, period), talib.MIN(low, period)
    return [upper, (upper + lower) / 2, lower]


def keltner(bars: BarColumns, period: int, span: int, multiple: float) -> Columns:
    middle = _prices(bars)[2] if period == 1 else talib.EMA(_prices(bars)[2], period)
    width = multiple * talib.ATR(*_prices(bars), span)
    return [middle + width, middle + 0 * width, middle - width]


def ichimoku(
    bars: BarColumns, conversion: int, base: int, leading: int, displacement: int
) -> Columns:
    lines = [donchian(bars, period)[1] for period in (conversion, base, leading)]
    spans = [(lines[0] + lines[1]) / 2, lines[2]]
    late = [np.concatenate((np.full(displacement, np.nan), s[:-displacement])) for s in spans]
    return [lines[0], lines[1], *late]


def pivot_points(bars: BarColumns, bars_a_day: int) -> Columns:
    high, low, close = _prices(bars)
    given = np.empty((len(bars), 5))
    past = None
    for _, rows in _days(bars):
        if past:
            top, bottom, last = high[past].max(), low[past].min(), close[past[-1]]
        else:
            top, bottom = np.maximum.accumulate(high[rows]), np.minimum.accumulate(low[rows])
            last = close[rows]
        pivot, reach = (top + bottom + last) / 3, top - bottom
        lines = (pivot, 2 * pivot - bottom, pivot + reach, 2 * pivot - top, pivot - reach)
        given[rows] = np.column_stack(np.broadcast_arrays(*lines))
        past = rows
    return list(given.T)


def vwap(bars: BarColumns, bars_a_day: int) -> Columns:
    typical, volume = talib.TYPPRICE(*_prices(bars)), _volume(bars)
    given = np.empty(len(bars))
    for _, rows in _days(bars):
        given[rows] = np.cumsum(typical[rows] * volume[rows]) / np.cumsum(volume[rows])
    return [given]


def mfi(bars: BarColumns, period: int) -> Columns:
    return [talib.MFI(*_prices(bars), _volume(bars), period)]


def obv(bars: BarColumns, period: int) -> Columns:
    return [_change(talib.OBV(_prices(bars)[2], _volume(bars)), period)]


def accumulation_distribution(bars: BarColumns, period: int) -> Columns:
    total = talib.AD(*_prices(bars), _volume(bars))
    return [_change(np.concatenate(([0.0], total)), period)[1:]]


def chaikin_money_flow(bars: BarColumns, period: int) -> Columns:
    high, low, close = _prices(bars)
    reach = high - low
    place = np.divide(2 * close - low - high, reach, out=0 * reach, where=reach > 0)
    volume = _volume(bars)
    return [_sum(place * volume, period) / _sum(volume, period)]


def force_index(bars: BarColumns, period: int) -> Columns:
    force = np.diff(_prices(bars)[2], prepend=np.nan) * _volume(bars)
    return [force if period == 1 else talib.EMA(force, period)]


def ease_of_movement(bars: BarColumns, period: int) -> Columns:
    high, low, _ = _prices(bars)
    moved = np.diff(talib.MEDPRICE(high, low), prepend=np.nan)
    return [_sum(moved * (high - low) / _volume(bars), period) / period]


def tick_direction(bars: BarColumns, period: int) -> Columns:
    signs = np.sign(np.diff(_prices(bars)[2]))
    given = np.full(len(bars), np.nan)
    for row in range(1, len(bars)):
        known = signs[max(0, row - period) : row]
        moves = known[known != 0]
        given[row] = moves[-1] if len(moves) else 0.0
    return [given]


def price_impact(bars: BarColumns, period: int) -> Columns:
    close = _prices(bars)[2]
    ratio = np.abs(np.diff(close, prepend=np.nan)) / np.concatenate(([np.nan], close[:-1]))
    return [1e6 * _sum(ratio / _volume(bars), period) / period]


def mid(bars: BarColumns) -> Columns:
    return [(bars.close + (bars.close + bars.spread)) / 2]


REFERENCES: dict[str, Callable[..., Columns]] = {
    each.__name__: each
    for each in (
        donchian, keltner, ichimoku, pivot_points, vwap, mfi, obv, accumulation_distribution,
        chaikin_money_flow, force_index, ease_of_movement, tick_direction, price_impact, mid,
    )
}  # fmt: skip
CHOICES: dict[str, Sequence[dict[str, float]]] = {
    "donchian": [{}, {"period": 1}, {"period": 100}],
    "force_index": [{}, {"period": 1}, {"period": 2}, {"period": 100}],
    "ichimoku": [
        {},
        {"conversion": 1, "base": 2, "leading": 3, "displacement": 1},
        {"conversion": 7, "base": 60, "leading": 61, "displacement": 100},
    ],
    "keltner": [{}, {"period": 1, "span": 1}, {"period": 5, "span": 50, "multiple": 1.5}],
    "mid": [{}],
    "pivot_points": [{}],
    "vwap": [{}],
}

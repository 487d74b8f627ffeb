"""Bars of every length made of the minutes that quotes made, in the server's days and weeks."""

from __future__ import annotations

from array import array
from typing import Any

import numpy as np

from assay.model.time import DAY, HOUR, MINUTE, SECOND
from assay.trading.brokers.mt5 import api

_HOURS = 0x4000
_WEEKS = 0x8000
_TO_SUNDAY = 4 * DAY
"""1970-01-01 was a Thursday, four days into a week that begins on Sunday."""

_TIMEFRAMES = frozenset(
    value for name, value in api.CONSTANTS.items() if name.startswith("TIMEFRAME_")
)


def is_timeframe(value: object) -> bool:
    """Say whether a number names a bar length of the package."""
    return value in _TIMEFRAMES


def opens_of(minutes: Any, timeframe: int) -> Any:
    """Return the opening wall-clock ns of the bars that minutes [n] belong to."""
    if timeframe == api.TIMEFRAME_MN1:
        months = minutes.astype("datetime64[ns]").astype("datetime64[M]")
        return months.astype("datetime64[ns]").astype(np.int64)
    if timeframe & _WEEKS:
        return (minutes + _TO_SUNDAY) // (7 * DAY) * (7 * DAY) - _TO_SUNDAY
    length = (timeframe & ~_HOURS) * HOUR if timeframe & _HOURS else timeframe * MINUTE
    return minutes // length * length


def aggregate(bars: list[array[int]], timeframe: int, digits: int, limit: int | None = None) -> Any:
    """Return bars of a length as the package's rows; minutes after `limit` are unseen."""
    columns = [np.array(column, dtype=np.int64) for column in bars]
    if limit is not None:
        columns = [column[columns[0] <= limit] for column in columns]
    minutes, opens, highs, lows, closes, ticks, spreads = columns
    starts = opens_of(minutes, timeframe)
    firsts = np.flatnonzero(np.diff(starts, prepend=-1))
    rows = np.zeros(len(firsts), dtype=api.RATES_COLUMNS)
    if not len(firsts):
        return rows
    lasts = np.append(firsts[1:], len(starts)) - 1
    scale = 10**digits
    rows["time"] = starts[firsts] // SECOND
    rows["open"], rows["close"] = opens[firsts] / scale, closes[lasts] / scale
    rows["high"] = np.maximum.reduceat(highs, firsts) / scale
    rows["low"] = np.minimum.reduceat(lows, firsts) / scale
    rows["tick_volume"] = np.add.reduceat(ticks, firsts)
    rows["spread"] = np.minimum.reduceat(spreads, firsts)
    return rows

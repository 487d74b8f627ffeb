"""What quotes tell of a broker: the spread of each hour, and how far its clock is ahead."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from assay.model.time import SECOND
from assay.trading.brokers.mt5 import api
from assay.trading.brokers.mt5.servertime import find_week_opens
from assay.trading.exam.asking import Asker
from assay.trading.exam.record import HourSeen
from assay.trading.terminal.profile import HOURS_A_WEEK

HOUR_S, MINUTE_MS = 3_600, 60_000
_TO_MONDAY_H = 72
"""1970-01-01 was a Thursday, three days into a week that begins on Monday."""
BARS = 24 * 7 * 60
FRESH_S = 60
_LEAST_MINUTES = 3
"""An hour with quotes in fewer minutes says nothing of its spread."""


def read_spreads(asker: Asker, symbol: str, *, back_s: int, until_s: int) -> int:
    """Read the whole hours of quotes before a server time; return how many had any."""
    record = asker.record
    begin = record.read_until.get(symbol, until_s - back_s) // HOUR_S * HOUR_S
    found = 0
    for hour in range(begin, until_s // HOUR_S * HOUR_S, HOUR_S):
        ticks = asker.terminal.copy_ticks_range(
            symbol, hour, hour + HOUR_S - 0.001, api.COPY_TICKS_ALL
        )
        if ticks is None:
            break
        record.read_until[symbol] = hour + HOUR_S
        minutes = minute_means(ticks, 10 ** record.told[symbol].digits)
        if len(minutes) >= _LEAST_MINUTES:
            place = (hour // HOUR_S + _TO_MONDAY_H) % HOURS_A_WEEK
            record.hours.append(HourSeen(symbol, place, len(ticks), tuple(minutes.tolist())))
            found += 1
    return found


def minute_means(ticks: NDArray[np.void], scale: int) -> NDArray[np.float64]:
    """Return the mean spread, in points, of each minute of an hour that had a quote.

    A quote counts for as long as it stood, a minute at most.
    """
    if not len(ticks):
        return np.zeros(0)
    times = ticks["time_msc"]
    stood = np.clip(np.diff(times, append=times[-1] + MINUTE_MS), 1, MINUTE_MS)
    spread = np.rint((ticks["ask"] - ticks["bid"]) * scale)
    is_quoted = (ticks["ask"] > 0) & (ticks["bid"] > 0)
    minute = (times // MINUTE_MS) % 60
    weight = np.bincount(minute, stood * is_quoted, 60)
    total = np.bincount(minute, stood * is_quoted * spread, 60)
    return np.round(total[weight > 0] / weight[weight > 0], 3)


def measure_ahead(asker: Asker, symbol: str) -> float | None:
    """Return the minutes by which a fresh quote is ahead of UTC; None where none came."""
    clock = asker.clock
    before = asker.quote(symbol)
    for _ in range(FRESH_S):
        latest = asker.quote(symbol)
        if latest is not None and (before is None or latest.time_msc > before.time_msc):
            ahead = (latest.time_msc * 1_000_000 - clock.now_ns()) / (60 * SECOND)
            asker.record.ahead.append((clock.now_ns() // SECOND, round(ahead, 4)))
            return ahead
        clock.wait_until(clock.now_ns() + SECOND)
    return None


def read_opens(asker: Asker, symbol: str) -> None:
    """Read the weekly opens of all the hourly bars that the terminal has."""
    bars = asker.terminal.copy_rates_from_pos(symbol, api.TIMEFRAME_H1, 0, BARS)
    if bars is not None and len(bars):
        known = set(asker.record.opens)
        asker.record.opens += sorted(set(find_week_opens(bars["time"].tolist())) - known)


def quoted_minutes(asker: Asker, symbol: str) -> Iterator[int]:
    """Yield the minutes of the server's week in which the terminal has bars."""
    bars = asker.terminal.copy_rates_from_pos(symbol, api.TIMEFRAME_M1, 0, 60 * BARS)
    if bars is not None:
        yield from np.unique(
            (bars["time"] // 60 + 60 * _TO_MONDAY_H) % (60 * HOURS_A_WEEK)
        ).tolist()

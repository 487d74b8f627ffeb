"""Sessions, trading days and rollovers, whole columns of instants at a time (ns UTC)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assay.model.instruments import Instrument
from assay.model.time import DAY, HOUR, Timeframe
from assay.model.zones import zone_table

Int64s = NDArray[np.int64]
Bools = NDArray[np.bool_]

WEEK = 7 * DAY
EPOCH_WEEKDAY = 3
"""1970-01-01 was a Thursday, and a session week begins on Monday."""


@dataclass(frozen=True, slots=True)
class Rollover:
    """Say when the trading day turns: at `hour` ns after midnight on the clock of `zone`.

    The default is 17:00 New York; a broker whose day turns at its server's midnight has the
    server's zone and hour 0.
    """

    zone: str = "America/New_York"
    hour: int = 17 * HOUR

    @property
    def shift(self) -> int:
        """Return what moves a wall-clock time to the date of its trading day."""
        return DAY - self.hour if self.hour else 0


NEW_YORK_CLOSE = Rollover()


def trading_day(ts: Int64s, rollover: Rollover = NEW_YORK_CLOSE) -> Int64s:
    """Return the trading day of each instant, in days since 1970-01-01 of the day it ends on.

    >>> int(trading_day(np.array([22 * HOUR]))[0])
    1
    >>> int(trading_day(np.array([0]))[0])
    0
    """
    wall = zone_table(rollover.zone).to_wall(np.asarray(ts, dtype=np.int64))
    return (wall + rollover.shift) // DAY


def day_start(day: Int64s, rollover: Rollover = NEW_YORK_CLOSE) -> Int64s:
    """Return the instant at which each trading day begins (the rollover before it)."""
    wall = np.asarray(day, dtype=np.int64) * DAY - rollover.shift
    return zone_table(rollover.zone).to_utc(wall)


def rollovers(start: int, end: int, rollover: Rollover = NEW_YORK_CLOSE) -> Int64s:
    """Return the rollover instants in [start, end), every calendar day's included."""
    first, last = trading_day(np.array([start, end]), rollover)
    instants = day_start(np.arange(first, last + 2), rollover)
    return instants[(instants >= start) & (instants < end)]


def weekday_of(day: Int64s) -> Int64s:
    """Return the weekday (Monday 0) of each day number.

    >>> int(weekday_of(np.array([0]))[0])
    3
    """
    return (np.asarray(day, dtype=np.int64) + EPOCH_WEEKDAY) % 7


def swap_multipliers(
    instrument: Instrument, instants: Int64s, rollover: Rollover = NEW_YORK_CLOSE
) -> Int64s:
    """Return how many nights each rollover charges: the weekday of the trading day it ends."""
    ended = trading_day(np.asarray(instants, dtype=np.int64) - 1, rollover)
    return np.array(instrument.swap_weekdays, dtype=np.int64)[weekday_of(ended)]


def bar_open(ts: Int64s, timeframe: Timeframe, rollover: Rollover = NEW_YORK_CLOSE) -> Int64s:
    """Return the open time of the bar each instant falls in.

    Bars up to an hour stand on the UTC grid; longer ones count from the rollover.
    """
    ts = np.asarray(ts, dtype=np.int64)
    if timeframe <= Timeframe.H1:
        return ts - ts % int(timeframe)
    day = trading_day(ts, rollover)
    first, last = int(day.min(initial=2**40)), int(day.max(initial=0))
    if first > last:
        return ts
    begin = day_start(np.arange(first, last + 1), rollover)[day - first]
    return begin if timeframe >= Timeframe.D1 else ts - (ts - begin) % int(timeframe)


def bar_close(opens: Int64s, timeframe: Timeframe, rollover: Rollover = NEW_YORK_CLOSE) -> Int64s:
    """Return the end of each bar from its open; the rollover ends a bar above an hour early."""
    opens = np.asarray(opens, dtype=np.int64)
    ends = opens + int(timeframe)
    if timeframe <= Timeframe.H1:
        return ends
    following = day_start(trading_day(opens, rollover) + 1, rollover)
    return following if timeframe >= Timeframe.D1 else np.minimum(ends, following)


def bar_span(ts: int, timeframe: Timeframe, rollover: Rollover = NEW_YORK_CLOSE) -> tuple[int, int]:
    """Return open and end of the bar that one instant falls in.

    >>> bar_span(90 * 60_000_000_000, Timeframe.H1) == (HOUR, 2 * HOUR)
    True
    """
    if timeframe <= Timeframe.H1:
        start = ts - ts % int(timeframe)
        return start, start + int(timeframe)
    opens = bar_open(np.array([ts]), timeframe, rollover)
    return int(opens[0]), int(bar_close(opens, timeframe, rollover)[0])


def is_in_session(instrument: Instrument, ts: Int64s) -> Bools:
    """Tell which instants lie in a trading session (start included, end not)."""
    offset = _week_wall(instrument, np.asarray(ts, dtype=np.int64)) % WEEK
    inside = np.zeros(len(offset), dtype=np.bool_)
    for session in instrument.sessions:
        inside |= (offset >= session.start) & (offset < session.end)
    return inside


def session_time(instrument: Instrument, ts: Int64s) -> Int64s:
    """Return the session time (ns) gone by at each instant, from one fixed origin.

    The difference of two values is the time the market was open between them.
    """
    wall = _week_wall(instrument, np.asarray(ts, dtype=np.int64))
    week, offset = np.divmod(wall, WEEK)
    total = sum(session.end - session.start for session in instrument.sessions)
    gone = week * total
    for session in instrument.sessions:
        gone = gone + np.clip(offset - session.start, 0, session.end - session.start)
    return np.asarray(gone, dtype=np.int64)


def _week_wall(instrument: Instrument, ts: Int64s) -> Int64s:
    never_closed = sum(item.end - item.start for item in instrument.sessions) >= WEEK
    wall = ts if never_closed else zone_table(instrument.zone).to_wall(ts)
    return wall + EPOCH_WEEKDAY * DAY

"""When bars open and news is due on the simulated market's calendar."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assay.market.series import Float64s, Int64s
from assay.model.calendar import WEEK, bar_close, bar_open, is_in_session, weekday_of
from assay.model.errors import UsageError
from assay.model.instruments import Instrument
from assay.model.time import DAY, HOUR, MINUTE, Timeframe, parse_time
from assay.model.zones import zone_table

if TYPE_CHECKING:
    from assay.runtime.ids import Generator

FIRST_DAY = "2010-01-03"
LAST_DAY = "2069-01-01"
"""The tables of time zones end a year later."""
RELEASES = (
    (2 * 60, 0.20),
    (4 * 60 + 30, 0.25),
    (8 * 60 + 30, 0.50),
    (10 * 60, 0.35),
    (14 * 60, 0.10),
)
"""Minute of New York's day and chance of news, Monday to Friday."""
IMPACT_LEAST, IMPACT_MOST = 5.0, 20.0
NEW_YORK = "America/New_York"


@dataclass(frozen=True, slots=True, eq=False)
class News:
    """Hold the releases: times (ns UTC) and by how much each multiplies variance, less one."""

    ts: Int64s
    impact: Float64s


def bar_opens(instrument: Instrument, timeframe: Timeframe, bars: int) -> Int64s:
    """Return the opens (ns UTC) of the first `bars` bars in session; raise UsageError past 2068."""
    start, end = parse_time(FIRST_DAY), parse_time(LAST_DAY)
    open_a_week = sum(session.end - session.start for session in instrument.sessions)
    step = min(timeframe, Timeframe.H1)
    weeks = bars * int(timeframe) // open_a_week + 3
    if start + weeks * WEEK > end:
        raise UsageError(
            f"{bars} bars of {timeframe.name} reach past {LAST_DAY[:4]}; ask for fewer, or shorter"
        )
    times = np.arange(start, start + weeks * WEEK, int(step), dtype=np.int64)
    times = times[is_in_session(instrument, times)]
    if timeframe > Timeframe.H1:
        times = np.unique(bar_open(times, timeframe))
    return times[:bars]


def bar_closes(opens: Int64s, timeframe: Timeframe) -> Int64s:
    """Return the end of each bar (ns UTC)."""
    return bar_close(opens, timeframe)


def draw_news(rng: Generator, end: int) -> News:
    """Draw the releases from the market's first day until `end` (ns UTC)."""
    wall, chances = _walls(end)
    draws = rng.random((*wall.shape, 2))
    is_due = draws[:, :, 0] < chances
    impact = IMPACT_LEAST + (IMPACT_MOST - IMPACT_LEAST) * draws[:, :, 1]
    return News(zone_table(NEW_YORK).to_utc(wall[is_due]), impact[is_due])


def scheduled_releases(end: int) -> tuple[Int64s, Float64s]:
    """Return when releases may come until `end` (ns UTC) and how likely each is to."""
    wall, chances = _walls(end)
    return zone_table(NEW_YORK).to_utc(wall[chances > 0]), chances[chances > 0]


def _walls(end: int) -> tuple[Int64s, Float64s]:
    """Return the wall-clock time of each release by day, and its chance, none at weekends."""
    first = parse_time(FIRST_DAY) // DAY
    days = np.arange(first, max(end, 0) // DAY + 2, dtype=np.int64)
    minutes = np.array([minute for minute, _ in RELEASES], dtype=np.int64)
    chances = np.array([chance for _, chance in RELEASES])
    return days[:, None] * DAY + minutes * MINUTE, chances * (weekday_of(days) < 5)[:, None]


def hour_of_day(ts: Int64s) -> Float64s:
    """Return the hour of New York's day (0 to below 24, with fraction) of each instant."""
    return np.asarray(zone_table(NEW_YORK).to_wall(ts) % DAY / HOUR)

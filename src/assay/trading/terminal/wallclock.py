"""The clock on the wall of the broker's server, one instant at a time."""

from __future__ import annotations

from bisect import bisect_right
from datetime import datetime

from assay.model.time import DAY, MINUTE, SECOND
from assay.model.zones import zone_table

WEEK = 7 * DAY
_TO_MONDAY = 3 * DAY
"""1970-01-01 was a Thursday, three days into a week that begins on Monday."""


class WallClock:
    """Turn nanoseconds UTC into the wall-clock numbers that a terminal tells, and back.

    >>> clock = WallClock("NY+7")
    >>> clock.seconds(0)
    7200
    """

    def __init__(self, zone: str) -> None:
        table = zone_table(zone)
        self._starts: list[int] = table.starts.tolist()
        self._offsets: list[int] = table.offsets.tolist()
        self._turns = [
            start + offset for start, offset in zip(self._starts, self._offsets, strict=True)
        ]

    def wall(self, utc: int) -> int:
        """Return the wall clock's reading in nanoseconds since 1970 of that clock."""
        return utc + self._offsets[bisect_right(self._starts, utc) - 1]

    def utc(self, wall: int) -> int:
        """Return the instant of a reading; the later one where an hour comes twice."""
        return wall - self._offsets[max(0, bisect_right(self._turns, wall) - 1)]

    def seconds(self, utc: int) -> int:
        """Return the reading in seconds, as `time` fields have it."""
        return self.wall(utc) // SECOND

    def milliseconds(self, utc: int) -> int:
        """Return the reading in milliseconds, as `time_msc` fields have it."""
        return self.wall(utc) // 1_000_000

    def day(self, utc: int) -> int:
        """Return the number of the server's day."""
        return self.wall(utc) // DAY

    def week_minute(self, utc: int) -> int:
        """Return the minutes since Monday 00:00 of the server's clock."""
        return (self.wall(utc) + _TO_MONDAY) % WEEK // MINUTE


def weekday(day: int) -> int:
    """Return the weekday of a day number as MetaTrader counts, Sunday 0.

    >>> weekday(0)
    4
    """
    return (day + 4) % 7


def epoch(moment: object) -> float | None:
    """Return seconds of a moment as the package reads it, None for what is no moment.

    A datetime without a zone is local time, as everywhere in Python.
    """
    if isinstance(moment, datetime):
        return moment.timestamp()
    if isinstance(moment, int | float) and not isinstance(moment, bool):
        return moment
    return None


def wall_ns(seconds: float) -> int:
    """Return nanoseconds of seconds since 1970, to the microsecond."""
    return round(seconds * 1_000_000) * (SECOND // 1_000_000)

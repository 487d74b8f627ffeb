"""The server's wall clock, which the terminal gives as if it were UTC."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

DstFamily = Literal["fixed", "new-york", "europe"]
_ZONES = {"new-york": ("America/New_York", -5), "europe": ("Europe/Berlin", 1)}
FAMILIES: tuple[DstFamily, DstFamily] = ("new-york", "europe")
HOUR_S = 3_600
DAY_S = 24 * HOUR_S
WEEKEND_S = 40 * HOUR_S
"""A hole this long in the bars is a weekend; a holiday in the week is shorter."""
ATHENS_S = 2 * HOUR_S
STEP_S = 1_800
TOLERANCE_S = 600
FARTHEST_S = 14 * HOUR_S


class ServerClock(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Turn a server's time into UTC: `offset_s` in winter, and whose summer time it keeps.

    >>> clock = ServerClock(offset_s=7200, family="new-york")
    >>> clock.to_utc_s(clock.to_server_s(1_700_000_000)) == 1_700_000_000
    True
    """

    offset_s: int
    family: DstFamily = "fixed"

    def offset_at(self, utc_s: int) -> int:
        """Return how many seconds the server is ahead of UTC at a moment."""
        if self.family == "fixed":
            return self.offset_s
        zone, winter = _ZONES[self.family]
        offset = datetime.fromtimestamp(utc_s, ZoneInfo(zone)).utcoffset() or timedelta()
        return self.offset_s + int(offset.total_seconds()) - winter * HOUR_S

    def to_server_s(self, utc_s: int) -> int:
        """Return the server's wall clock, in seconds since 1970."""
        return utc_s + self.offset_at(utc_s)

    def to_utc_s(self, server_s: int) -> int:
        """Return UTC; of an hour that comes twice the later, no market being open in it."""
        utc = server_s - self.offset_at(server_s - self.offset_s)
        return server_s - self.offset_at(utc)

    def to_utc_ns(self, server_ms: int) -> int:
        """Return nanoseconds UTC of the server's milliseconds."""
        seconds, rest = divmod(server_ms, 1_000)
        return (self.to_utc_s(seconds) * 1_000 + rest) * 1_000_000


def _open_of_week(near_s: int) -> int:
    """Return the Sunday 17:00 of New York, in UTC, that is nearest."""
    zone = ZoneInfo("America/New_York")
    local = datetime.fromtimestamp(near_s, zone)
    sunday = local.date() - timedelta(days=(local.weekday() + 1) % 7)
    opens = (
        int(datetime(day.year, day.month, day.day, 17, tzinfo=zone).timestamp())
        for day in (sunday, sunday + timedelta(days=7))
    )
    return min(opens, key=lambda moment: abs(moment - near_s))


def measure_offset(open_server_s: int) -> int | None:
    """Return the offset that a week's first bar shows; None where it shows none clearly."""
    ahead = open_server_s - _open_of_week(open_server_s)
    offset = round(ahead / STEP_S) * STEP_S
    if abs(ahead - offset) > TOLERANCE_S or abs(offset) > FARTHEST_S:
        return None
    return offset


def find_week_opens(times: Sequence[int]) -> list[int]:
    """Return the server times of bars that follow a weekend, oldest first."""
    return [after for before, after in pairwise(times) if after - before > WEEKEND_S]


def first_of_weeks(opens: Iterable[int]) -> list[int]:
    """Return the earliest of several markets' opens in each week: that opens the week.

    >>> first_of_weeks([3_600, 0, 604_800, 608_400])
    [0, 604800]
    """
    firsts: list[int] = []
    for opened in sorted(opens):
        if not firsts or opened - firsts[-1] > WEEKEND_S:
            firsts.append(opened)
    return firsts


def infer_clock(opens: Iterable[int]) -> ServerClock | None:
    """Infer the clock from weekly opens, of several markets too; None where none is clear.

    A server whose week begins at midnight is taken to keep New York's summer time, as those do
    that close their day with New York; else one on Athens' time to keep Europe's; another keeps
    none. Where that is wrong the first change of clocks shows it.
    """
    opened = max(first_of_weeks(opens), default=None)
    offset = None if opened is None else measure_offset(opened)
    if opened is None or offset is None:
        return None
    utc = opened - offset
    new_york, europe = (
        offset - ServerClock(offset_s=0, family=family).offset_at(utc) for family in FAMILIES
    )
    if opened % DAY_S == 0:
        return ServerClock(offset_s=new_york, family="new-york")
    if europe == ATHENS_S:
        return ServerClock(offset_s=europe, family="europe")
    return ServerClock(offset_s=offset)


def find_drift(clock: ServerClock, opens: Iterable[int]) -> str:
    """Say by how much a server's weekly open lies off; empty where it lies where it should."""
    for opened in first_of_weeks(opens)[-1:]:
        offset = measure_offset(opened)
        if offset is None:
            continue
        expected = clock.offset_at(opened - offset)
        if offset != expected:
            moment = datetime.fromtimestamp(opened - offset, UTC)
            return (
                f"the server is {offset} s ahead of UTC since {moment:%Y-%m-%d}, not {expected} s"
            )
    return ""

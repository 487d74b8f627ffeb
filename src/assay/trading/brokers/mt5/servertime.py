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
FAMILIES: tuple[DstFamily, ...] = ("new-york", "europe", "fixed")
HOUR_S = 3_600
DAY_S = 24 * HOUR_S
WEEKEND_S = 40 * HOUR_S
"""A hole this long in the bars is a weekend; a holiday in the week is shorter."""
ATHENS_S = 2 * HOUR_S
STEP_S = 1_800
TOLERANCE_S = 600
FARTHEST_S = 14 * HOUR_S
HOLIDAY_S = 4 * HOUR_S
"""A week that opens so much later than it should begins with a holiday."""


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

    The newest week tells, and of several another must bear it out, no fewer than speak for any
    other clock: a week may open hours late, as at New Year. Whose summer time is kept is what
    explains most weeks; where several do, a server whose week begins at midnight keeps New York's,
    as those do that close their day with New York, else one on Athens' time Europe's, another none.
    Where that is wrong the first change of clocks shows it.
    """
    weeks = [(opened, measure_offset(opened)) for opened in first_of_weeks(opens)]
    clear = [(opened - offset, offset) for opened, offset in weeks if offset is not None]
    if not clear:
        return None
    clocks = [fit_family(*week, family) for week in clear for family in FAMILIES]
    scores = {
        clock: sum(clock.offset_at(utc) == offset for utc, offset in clear) for clock in clocks
    }
    most = max(scores.values())
    newest = [fit_family(*clear[-1], family) for family in FAMILIES]
    likely = [clock for clock in newest if scores[clock] == most]
    if not likely or most < min(len(clear), 2):
        return None
    return choose_likeliest(likely, sum(clear[-1]))


def fit_family(utc_s: int, offset: int, family: DstFamily) -> ServerClock:
    """Return the clock of a family that is so far ahead of UTC at a moment."""
    summer = ServerClock(offset_s=0, family=family).offset_at(utc_s)
    return ServerClock(offset_s=offset - summer, family=family)


def choose_likeliest(clocks: Sequence[ServerClock], opened: int) -> ServerClock:
    """Return which of clocks of several families most brokers keep whose week opens then."""
    by_family = {clock.family: clock for clock in clocks}
    if opened % DAY_S == 0 and "new-york" in by_family:
        return by_family["new-york"]
    europe = by_family.get("europe")
    if europe is not None and europe.offset_s == ATHENS_S:
        return europe
    return by_family.get("fixed", clocks[0])


def find_drift(clock: ServerClock, opens: Iterable[int]) -> str:
    """Say by how much a server's weekly open lies off; empty where it lies where it should.

    A week that opens hours late is a holiday's: were it the clock, quotes would be of the future.
    """
    for opened in first_of_weeks(opens)[-1:]:
        offset = measure_offset(opened)
        if offset is None:
            continue
        expected = clock.offset_at(opened - offset)
        if offset != expected and offset - expected < HOLIDAY_S:
            moment = datetime.fromtimestamp(opened - offset, UTC)
            return (
                f"the server is {offset} s ahead of UTC since {moment:%Y-%m-%d}, not {expected} s"
            )
    return ""

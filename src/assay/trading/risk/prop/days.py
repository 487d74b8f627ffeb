"""Moments that come round on a wall clock: the start of a day, a point of the week."""

from __future__ import annotations

import numpy as np

from assay.model.time import DAY
from assay.model.zones import zone_table

WEEK = 7 * DAY
THURSDAY = 3 * DAY
"""1970-01-01 was one, so weeks from Monday are three days ahead of whole sevens."""


def turn_after(ts: int, zone: str, *, start: int, period: int = DAY) -> int:
    """Return the first instant after `ts` at which the wall clock shows `start` of a period.

    `start` is in ns since midnight, or since Monday where the period is a week. Where clocks go
    back a repeated hour turns once, at its first pass.

    >>> from assay.model.time import format_time, parse_time
    >>> format_time(turn_after(parse_time("2017-03-25T22:59:59"), "Europe/Prague", start=0))
    '2017-03-25T23:00:00Z'
    >>> format_time(turn_after(parse_time("2017-03-25T23:00:00"), "Europe/Prague", start=0))
    '2017-03-26T22:00:00Z'
    """
    table = zone_table(zone)
    shift = start - (THURSDAY if period == WEEK else 0)
    wall = int(table.to_wall(np.array([ts]))[0])
    # A clock that goes back may show the last start again; one of three periods is the next.
    first = (wall - shift) // period * period + shift
    turns = table.to_utc(np.array([first, first + period, first + 2 * period]))
    return int(turns[turns > ts][0])

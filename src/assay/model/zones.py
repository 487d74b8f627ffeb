"""Wall clocks of the trade as tables of offsets, converted whole columns at a time."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
from numpy.typing import NDArray

from assay.model.errors import UsageError
from assay.model.time import DAY, HOUR, MINUTE, SECOND

Int64s = NDArray[np.int64]
Bools = NDArray[np.bool_]

FIRST_YEAR, LAST_YEAR = 1970, 2070
_SHIFTED = re.compile(r"(NY|UTC|GMT)([+-])(\d{1,2})(?::?([0-5]\d))?")
_BEGINNING = -(2**62)


@dataclass(frozen=True, slots=True, eq=False)
class ZoneTable:
    """Hold the offsets of one zone: `offsets[i]` ns holds from `starts[i]` ns UTC on."""

    name: str
    starts: Int64s
    offsets: Int64s

    def offset_at(self, utc: Int64s) -> Int64s:
        """Return the offset (wall minus UTC, ns) at each instant."""
        return self.offsets[np.searchsorted(self.starts, utc, side="right") - 1]

    def to_wall(self, utc: Int64s) -> Int64s:
        """Return the wall-clock time (ns since 1970 on that clock) of each instant."""
        return utc + self.offset_at(utc)

    def locate(self, wall: Int64s) -> tuple[Int64s, Bools, Bools]:
        """Return for each wall-clock time the row of the table, and where it is twofold or none.

        A twofold time gets the later row (its second pass); the first pass is the row before.
        """
        begins = self.starts + self.offsets
        begins[0] = _BEGINNING
        row = np.searchsorted(begins, wall, side="right") - 1
        before = np.maximum(row - 1, 0)
        twofold = (row > 0) & (wall < self.starts[row] + self.offsets[before])
        after = np.minimum(row + 1, len(self.starts) - 1)
        missing = (after > row) & (wall >= self.starts[after] + self.offsets[row])
        return row, twofold, missing

    def to_utc(self, wall: Int64s) -> Int64s:
        """Return the instant of each wall-clock time; of a twofold one the first pass."""
        row, twofold, _ = self.locate(wall)
        return wall - self.offsets[np.where(twofold, row - 1, row)]


def fixed_zone(name: str, offset: int) -> ZoneTable:
    """Return a zone that never changes its offset (ns)."""
    return ZoneTable(name, np.array([_BEGINNING]), np.array([offset], dtype=np.int64))


def shift_zone(zone: ZoneTable, name: str, shift: int) -> ZoneTable:
    """Return a zone that switches when another does, `shift` ns ahead of it."""
    return ZoneTable(name, zone.starts, zone.offsets + shift)


@cache
def zone_table(name: str) -> ZoneTable:
    """Return the table of an IANA name, `NY+7` (New York plus hours) or `UTC+2` (fixed).

    >>> table = zone_table("NY+7")
    >>> int(table.offset_at(np.array([0]))[0]) // HOUR
    2
    """
    shifted = _SHIFTED.fullmatch(name.strip())
    if shifted:
        zone, sign, hours, minutes = shifted.groups()
        shift = (int(hours) * HOUR + int(minutes or 0) * MINUTE) * (1 if sign == "+" else -1)
        if abs(shift) > 14 * HOUR:
            raise UsageError(f"zone {name!r} is more than 14 hours from {zone}")
        if zone == "NY":
            return shift_zone(zone_table("America/New_York"), name, shift)
        return fixed_zone(name, shift)
    try:
        return _scan(name, ZoneInfo(name.strip()))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UsageError(
            f"zone {name!r} is unknown; use a name such as Europe/Athens, NY+7 or UTC+2"
        ) from None


def _offset(zone: ZoneInfo, second: int) -> int:
    moment = datetime.fromtimestamp(second, tz=UTC).astimezone(zone)
    offset = moment.utcoffset()
    assert offset is not None
    return offset // timedelta(seconds=1)


def _scan(name: str, zone: ZoneInfo) -> ZoneTable:
    """Find the switches by looking at every third day and halving between two that differ."""
    first = int(datetime(FIRST_YEAR, 1, 1, tzinfo=UTC).timestamp())
    last = int(datetime(LAST_YEAR, 1, 1, tzinfo=UTC).timestamp())
    step = 3 * DAY // SECOND
    starts, offsets = [_BEGINNING], [_offset(zone, first) * SECOND]
    held = offsets[0] // SECOND
    for day in range(first, last, step):
        now = _offset(zone, day + step)
        if now == held:
            continue
        low, high = day, day + step
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if _offset(zone, middle) == held else (low, middle)
        starts.append(high * SECOND)
        offsets.append(now * SECOND)
        held = now
    return ZoneTable(name, np.array(starts, dtype=np.int64), np.array(offsets, dtype=np.int64))

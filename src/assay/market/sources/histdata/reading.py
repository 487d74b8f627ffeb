"""Read HistData ASCII files; the zone rules were measured, not taken from the vendor's site."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import numpy as np

from assay.market.naming import Naming, name_from_words, read_timeframe
from assay.market.reading import RawSeries, ReadRequest, from_sheet, identify
from assay.market.text import Layout, peek_lines, read_sheet
from assay.model.errors import DataError
from assay.model.time import DAY, HOUR
from assay.model.zones import ZoneTable, zone_table

BARS = Layout(
    delimiter=";",
    names=("time", "open", "high", "low", "close", "volume"),
    numbers=("open", "high", "low", "close", "volume"),
    times={"time": "YYYYmmdd HHMMSS"},
)
TICKS = Layout(
    delimiter=",",
    names=("time", "bid", "ask", "volume"),
    numbers=("bid", "ask"),
    times={"time": "YYYYmmdd HHMMSSFFF"},
)
_NAME = re.compile(r"(?:DAT|HISTDATA_COM)_ASCII_([A-Za-z0-9]{6,8})_(M1|T)")
FIRST_EU_YEAR, LAST_YEAR = 2019, 2069


def read(request: ReadRequest) -> RawSeries:
    """Read bars or ticks; raise DataError for another layout."""
    path = request.path
    first = peek_lines(path, 1)[0]
    is_tick = first.count(",") == TICKS.delimiter.join(TICKS.names).count(",")
    if not is_tick and first.count(";") != 5:
        raise DataError(
            f"{path}: line 1: {first[:60]!r} is neither a HistData bar (time;o;h;l;c;volume) nor "
            "a tick (time,bid,ask,volume); pick another format"
        )
    identity = identify(request, _name(path), is_tick=is_tick)
    sheet = read_sheet(path, TICKS if is_tick else BARS)
    zone = zone_table(request.zone) if request.zone else histdata_zone()
    side = "quote" if is_tick else request.side or "bid"
    return from_sheet(sheet, identity, source="histdata", side=side, zone=zone)


def _name(path: Path) -> Naming:
    found = _NAME.match(path.name)
    if found is None:
        return name_from_words(path)
    timeframe, is_tick = read_timeframe(found[2]) or (None, False)
    return Naming(found[1].upper(), timeframe, is_tick)


@cache
def histdata_zone() -> ZoneTable:
    """Return HistData's clock: New York until 2018, then UTC-5/-4 switching on European dates.

    From 2019 its days change with the vendor's UTC files: spring at the start of the last Sunday
    of March, autumn at the end of the last Sunday of October (which repeats 19:00-19:59).
    """
    new_york = zone_table("America/New_York")
    change = int(np.datetime64(f"{FIRST_EU_YEAR}-01-01", "ns").astype(np.int64))
    before = new_york.starts < change
    starts, offsets = list(new_york.starts[before]), list(new_york.offsets[before])
    for year in range(FIRST_EU_YEAR, LAST_YEAR + 1):
        starts += [_last_sunday(year, month=3), _last_sunday(year, month=10) + DAY]
        offsets += [-4 * HOUR, -5 * HOUR]
    return ZoneTable("HistData", np.array(starts, np.int64), np.array(offsets, np.int64))


def _last_sunday(year: int, *, month: int) -> int:
    last = int(np.datetime64(f"{year}-{month:02d}-31", "D").astype(np.int64))
    return (last - (last + 4) % 7) * DAY

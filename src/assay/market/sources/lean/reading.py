"""Read LEAN zips: quote and trade bars and quote ticks of <class>/<market>/<resolution>/…"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import numpy as np

from assay.market.naming import Naming, parse_symbol
from assay.market.reading import RawSeries, ReadRequest, from_sheet, identify
from assay.market.series import ASK_COLUMNS, BID_COLUMNS
from assay.market.text import Layout, Sheet, open_member, peek_lines, read_sheet
from assay.model.errors import DataError, UsageError
from assay.model.time import DAY, Timeframe
from assay.model.zones import ZoneTable, zone_table

CLASSES = ("forex", "cfd", "crypto", "equity")
RESOLUTIONS = {
    "tick": None, "second": Timeframe.S1, "minute": Timeframe.M1, "hour": Timeframe.H1,
    "daily": Timeframe.D1,
}  # fmt: skip
EQUITY_SCALE = 10_000.0
_MEMBER = re.compile(r"(\d{8})_([a-z0-9]+)_(tick|second|minute)_(quote|trade)\.csv")
TRADE = ("time", *BID_COLUMNS, "volume")
QUOTE = ("time", *BID_COLUMNS, "bid_size", *ASK_COLUMNS, "ask_size")
QUOTE_TICK = ("time", "bid", "ask")


class Place(NamedTuple):
    """Say what path and member tell; `day` is ns of the file's date, None in daily and hour."""

    symbol: str
    resolution: str
    market_class: str | None
    market: str | None
    day: int | None


def read(request: ReadRequest) -> RawSeries:
    """Read one zip; raise UsageError where neither the path nor --tz tells the zone."""
    path = request.path
    cells = peek_lines(path, 1)[0].count(",") + 1
    place = _place(path)
    is_tick = place.resolution == "tick"
    names = _names(path, cells, is_tick=is_tick)
    timeframe = RESOLUTIONS[place.resolution]
    identity = identify(request, Naming(place.symbol, timeframe, is_tick), is_tick=is_tick)
    times = {} if place.day is not None else {"time": "YYYYmmdd HH:MM"}
    numbers = tuple(name for name in names if place.day is not None or name != "time")
    sheet = read_sheet(path, Layout(delimiter=",", names=names, numbers=numbers, times=times))
    side = "quote" if is_tick or len(names) == len(QUOTE) else request.side or "mid"
    return from_sheet(
        _dated(sheet, place), identity, source=f"lean-{place.market or 'unknown'}", side=side,
        zone=_zone(request, place),
    )  # fmt: skip


def _names(path: Path, cells: int, *, is_tick: bool) -> tuple[str, ...]:
    if is_tick:
        if cells == len(QUOTE_TICK):
            return QUOTE_TICK
        raise DataError(f"{path}: line 1: {cells} columns; only quote ticks (ms,bid,ask) are read")
    for names in (TRADE, QUOTE):
        if cells == len(names):
            return names
    raise DataError(
        f"{path}: line 1: {cells} columns where LEAN trade bars have {len(TRADE)} and quote bars "
        f"{len(QUOTE)}; pick another format"
    )


def _dated(sheet: Sheet, place: Place) -> Sheet:
    numbers, wall = dict(sheet.numbers), sheet.wall
    if place.day is not None:
        past = numbers.pop("time")
        outside = (past < 0) | (past >= DAY // 1_000_000)
        if outside.any():
            line = sheet.line_of(int(np.argmax(outside)))
            raise DataError(f"{sheet.path}: line {line}: milliseconds outside the day; mend it")
        wall = place.day + np.rint(past * 1e6).astype(np.int64)
    if place.market_class == "equity":
        for name in (*BID_COLUMNS, *ASK_COLUMNS):
            if name in numbers:
                numbers[name] = numbers[name] / EQUITY_SCALE
    return Sheet(sheet.path, wall, sheet.offset, numbers, sheet.header_lines)


def _zone(request: ReadRequest, place: Place) -> ZoneTable:
    if request.zone:
        return zone_table(request.zone)
    if place.market == "fxcm":
        return zone_table("UTC-5")
    if place.market_class == "equity":
        return zone_table("America/New_York")
    if place.market_class is None:
        raise UsageError(
            f"{request.path.name} lies outside LEAN's folders, which tell its zone; give --tz"
        )
    return zone_table("UTC+0")


def _place(path: Path) -> Place:
    with open_member(path) as (_, label):
        member = label.rpartition(":")[2].rpartition("/")[2]
    folders = path.absolute().parts
    at = next((i for i in range(len(folders) - 4, 0, -1) if folders[i] in CLASSES), None)
    market_class, market = (folders[at], folders[at + 1]) if at is not None else (None, None)
    found = _MEMBER.fullmatch(member)
    if found:
        day = _day(path, found[1])
        return Place(parse_symbol(found[2]), found[3], market_class, market, day)
    resolution = folders[-2]
    if at is not None and folders[at + 2] in ("tick", "second", "minute"):
        raise DataError(
            f"{path}: member {member[:60]!r} is not named like 20140505_eurusd_minute_quote.csv; "
            "download it again"
        )
    if resolution not in ("daily", "hour"):
        raise UsageError(
            f"{path}: keep LEAN's path, such as forex/oanda/daily/eurusd.zip or "
            "forex/oanda/minute/eurusd/20140505_quote.zip"
        )
    symbol = path.stem.partition("_")[0]
    return Place(parse_symbol(symbol), resolution, market_class, market, None)


def _day(path: Path, text: str) -> int:
    try:
        date = np.datetime64(f"{text[:4]}-{text[4:6]}-{text[6:]}", "D")
    except ValueError:
        raise DataError(f"{path}: member of {text} bears no date; download it again") from None
    return int(date.astype(np.int64)) * DAY

"""Read CSV exports of JForex and of Dukascopy's download page: candles of one side, or ticks."""

from __future__ import annotations

import re
from pathlib import Path

from assay.market.naming import Naming, name_from_words
from assay.market.reading import RawSeries, ReadRequest, from_sheet, identify
from assay.market.text import Layout, peek_lines, read_sheet
from assay.model.errors import DataError, UsageError
from assay.model.time import Timeframe
from assay.model.zones import ZoneTable, zone_table

OHLCV = ("open", "high", "low", "close", "volume")
WORDS = {
    "open": "open", "high": "high", "low": "low", "close": "close", "volume": "volume",
    "bid": "bid", "ask": "ask", "bidvolume": "bid_size", "askvolume": "ask_size",
}  # fmt: skip
_NAME = re.compile(
    r"([A-Za-z]{6,9})_(?:(Ticks)|(?:Candlestick_)?(\d+)[ _]?"
    r"(M|Min|Mins|Minute|Hour|Hourly|h|H|D|Day|Daily)s?_(BID|ASK|Bid|Ask))"
)
_TIME = re.compile(r"(gmt time|local time|etc?/?gmt|time ?\((.+)\)|time|timestamp)", re.IGNORECASE)


def read(request: ReadRequest) -> RawSeries:
    """Read candles or ticks; raise DataError for another layout."""
    path = request.path
    lines = peek_lines(path, 2)
    delimiter = ";" if lines[0].count(";") > lines[0].count(",") else ","
    cells = [cell.strip() for cell in lines[0].split(delimiter)]
    names = ("time", *(WORDS.get(cell.lower().replace(" ", ""), cell) for cell in cells[1:]))
    is_tick = {"bid", "ask"} <= set(names)
    header = _TIME.fullmatch(cells[0])
    if header is None or not (is_tick or set(OHLCV[:4]) <= set(names)) or len(lines) < 2:
        raise DataError(
            f"{path}: line 1: {lines[0][:60]!r} is no header of a JForex export "
            "(Gmt time,Open,High,Low,Close,Volume or Time (UTC),Ask,Bid,…); pick another format"
        )
    named, side = _name(path)
    identity = identify(request, named, is_tick=is_tick)
    wanted = ("bid", "ask", "bid_size", "ask_size") if is_tick else OHLCV
    stamp = lines[1].split(delimiter)[0]
    layout = Layout(
        delimiter=delimiter, names=names, numbers=tuple(n for n in wanted if n in names),
        times={"time": _pattern(path, stamp)}, header_lines=1,
    )  # fmt: skip
    sheet = read_sheet(path, layout)
    chosen = "quote" if is_tick else request.side or side or "bid"
    zone = _zone(request, cells[0], has_offset=sheet.offset is not None)
    return from_sheet(sheet, identity, source="jforex", side=chosen, zone=zone)


def _zone(request: ReadRequest, header: str, *, has_offset: bool) -> ZoneTable:
    if request.zone:
        return zone_table(request.zone)
    if "local" in header.lower() and not has_offset:
        raise UsageError(f"{request.path.name} is in local time; give --tz")
    named = re.search(r"\((.+)\)", header)
    if named is None or named[1].upper() in ("UTC", "GMT"):
        return zone_table("UTC+0")
    try:
        return zone_table(named[1])
    except UsageError as error:
        raise DataError(f"{request.path}: line 1: {error}; mend the header or give --tz") from None


def _pattern(path: Path, stamp: str) -> str:
    for shape, pattern in (
        (r"\d\d\.\d\d\.\d{4} \d\d:", "dd.mm.YYYY HH:MM:SS"),
        (r"\d{4}\.\d\d\.\d\d \d\d:", "YYYY.mm.dd HH:MM:SS"),
        (r"\d{4}-\d\d-\d\d \d\d:", "YYYY-mm-dd HH:MM:SS"),
    ):
        if re.match(shape, stamp):
            return pattern
    raise DataError(f"{path}: line 2: {stamp[:40]!r} is no time such as 04.02.2019 00:00:00.000")


def _name(path: Path) -> tuple[Naming, str | None]:
    found = _NAME.match(path.name)
    if found is None:
        named = name_from_words(path)
        return named, named.side
    symbol, ticks, count, unit, side = found.groups()
    if ticks:
        return Naming(symbol.upper(), is_tick=True), None
    letter = "M" if unit.lower().startswith("m") else unit[0].upper()
    timeframe = Timeframe.__members__.get(f"{letter}{count}")
    return Naming(symbol.upper(), timeframe), side.lower()

"""Read any delimited text; headers of usual names are recognised, others are mapped."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from assay.market.grid import catalogue_digits
from assay.market.naming import name_from_words
from assay.market.reading import RawSeries, ReadRequest, from_sheet, identify
from assay.market.series import ASK_COLUMNS, BID_COLUMNS, Float64s
from assay.market.text import Layout, peek_lines, read_sheet
from assay.market.text.times import to_pattern
from assay.model.errors import DataError, UsageError
from assay.model.zones import zone_table

SIZES = ("volume", "bid_size", "ask_size")
FIELDS = ("time", "clock", *BID_COLUMNS, *ASK_COLUMNS, "bid", "ask", *SIZES)
ALIASES = {
    "": "time", "date": "time", "datetime": "time", "timestamp": "time", "gmt time": "time",
    "tick_volume": "volume", "tickvol": "volume", "vol": "volume",
}  # fmt: skip
SHAPES = (
    (r"\d{4}([-./])\d\d\1\d\d[ T]\d\d:\d\d:\d\d", "%Y{0}%m{0}%d{1}%H:%M:%S"),
    (r"\d{4}([-./])\d\d\1\d\d[ T]\d\d:\d\d", "%Y{0}%m{0}%d{1}%H:%M"),
    (r"\d{4}([-./])\d\d\1\d\d", "%Y{0}%m{0}%d"),
)


def read(request: ReadRequest) -> RawSeries:
    """Read a file with one header line, or none when --columns gives positions (#1, #2, …)."""
    path = request.path
    lines = peek_lines(path, 2)
    delimiter = max(",;\t|", key=lines[0].count)
    cells = [cell.strip().strip('"') for cell in lines[0].split(delimiter)]
    names, header_lines = _names(request, cells)
    is_tick = {"bid", "ask"} <= set(names)
    needed = ("time", "bid", "ask") if is_tick else ("time", *BID_COLUMNS)
    missing = [name for name in needed if name not in names]
    if missing:
        raise DataError(
            f"{path}: line 1: no column {', '.join(missing)} among {', '.join(cells)[:80]!r}; "
            "map them with --columns time=Date,open=Open,…"
        )
    has_asks = set(ASK_COLUMNS) <= set(names)
    prices = ("bid", "ask") if is_tick else BID_COLUMNS + (ASK_COLUMNS if has_asks else ())
    sizes = tuple(name for name in SIZES if name in names)
    named = name_from_words(path)
    identity = identify(request, named, is_tick=is_tick)
    if len(lines) <= header_lines:
        raise DataError(f"{path}: line {len(lines)}: no rows below the header; export it again")
    stamp = "".join(lines[header_lines].split(delimiter)[names.index("time") :][:1])
    times = {"time": _pattern(path, stamp, header_lines + 1, request.time_format)}
    if "clock" in names:
        times["clock"] = "HH:MM:SS" if _has_seconds(lines[-1], delimiter, names) else "HH:MM"
    layout = Layout(
        delimiter=delimiter, names=names, numbers=prices + sizes, times=times,
        header_lines=header_lines,
    )  # fmt: skip
    sheet = read_sheet(path, layout)
    side = "quote" if is_tick or has_asks else request.side or named.side or "bid"
    return from_sheet(
        sheet, identity, source="csv", side=side,
        zone=zone_table(request.zone or "UTC+0"),
        prices=_scaled(request, identity.symbol, {name: sheet.numbers[name] for name in prices}),
    )  # fmt: skip


def _names(request: ReadRequest, cells: list[str]) -> tuple[tuple[str, ...], int]:
    """Return every column's name (ours, or its place) and how many header lines there are."""
    chosen = request.columns or {}
    unknown = set(chosen) - set(FIELDS)
    if unknown:
        raise UsageError(f"--columns {sorted(unknown)[0]} is unknown; use {', '.join(FIELDS)}")
    places = {}
    for name, told in chosen.items():
        place = int(told[1:]) - 1 if re.fullmatch(r"#\d{1,3}", told) else _find(cells, told)
        if not 0 <= place < len(cells):
            raise UsageError(f"--columns {name}={told}: no such column in {request.path.name}")
        places[place] = name
    if not chosen:
        lowered = [cell.lower().replace(" ", "_") for cell in cells]
        plain = [cell.lower() for cell in cells]
        for place, cell in enumerate(lowered):
            cell = cell.strip("<>")
            name = cell if cell in FIELDS else ALIASES.get(plain[place].strip("<>"))
            if name == "time" and "time" in places.values():
                name = "clock"  # a date and a time of day, each in its own column
            if name and name not in places.values():
                places[place] = name
    names = tuple(places.get(place, f"#{place + 1}") for place in range(len(cells)))
    by_place = bool(chosen) and all(told.startswith("#") for told in chosen.values())
    headless = by_place and cells[names.index("time")][:1].isdigit() if "time" in names else False
    return names, 0 if headless else 1


def _find(cells: list[str], told: str) -> int:
    return cells.index(told) if told in cells else -1


def _pattern(path: Path, stamp: str, line: int, time_format: str | None) -> str:
    if time_format:
        return to_pattern(time_format)
    for shape, pattern in SHAPES:
        found = re.match(shape, stamp)
        if found:
            return to_pattern(pattern.format(found[1], stamp[10:11]))
    raise DataError(
        f"{path}: line {line}: {stamp[:40]!r} is no time of a known shape; give --format"
    )


def _has_seconds(line: str, delimiter: str, names: tuple[str, ...]) -> bool:
    return "".join(line.split(delimiter)[names.index("clock") :][:1]).count(":") == 2


def _scaled(request: ReadRequest, symbol: str, prices: dict[str, Float64s]) -> dict[str, Float64s]:
    if not request.in_points:
        return prices
    digits = catalogue_digits(symbol)
    if digits is None:
        raise UsageError(f"the point of {symbol} is not known; leave out --points")
    return {name: np.asarray(column / 10.0**digits) for name, column in prices.items()}

"""Read the terminal's tab-separated exports, stamped with the broker's wall clock."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from assay.market.grid import choose_digits
from assay.market.naming import Naming, name_from_words, parse_symbol
from assay.market.reading import RawSeries, ReadRequest, from_sheet, identify
from assay.market.series import Float64s
from assay.market.text import Layout, Sheet, peek_lines, read_sheet
from assay.model.errors import DataError, UsageError
from assay.model.time import Timeframe
from assay.model.zones import zone_table

OHLC = ("open", "high", "low", "close")
TIMES = {"date": "YYYY.mm.dd", "time": "HH:MM:SS"}
NO_ZONE = (
    "MT5 files bear the broker's wall clock: give --tz. Most brokers use EET with European DST "
    "(--tz Europe/Athens) or New York plus seven hours (--tz NY+7)"
)


def read(request: ReadRequest) -> RawSeries:
    """Read an export of bars or ticks; raise UsageError without a zone."""
    path = request.path
    if request.zone is None:
        raise UsageError(NO_ZONE)
    zone = zone_table(request.zone)
    lines = peek_lines(path, 1)
    names = tuple(cell.strip().strip("<>").lower() for cell in lines[0].split("\t"))
    is_tick = {"date", "time", "bid", "ask"} <= set(names)
    if not is_tick and not {"date", *OHLC} <= set(names):
        raise DataError(
            f"{path}: line 1: {lines[0][:60]!r} is no header of an MT5 export "
            "(<DATE> <TIME> <OPEN> … or <DATE> <TIME> <BID> <ASK> …); pick another format"
        )
    identity = identify(request, _name(path), is_tick=is_tick)
    times = {name: pattern for name, pattern in TIMES.items() if name in names}
    if "time" not in times and identity.timeframe not in (None, Timeframe.D1):
        raise DataError(f"{path}: line 1: no <TIME> column; only daily bars go without")
    if is_tick:
        layout = Layout(
            delimiter="\t", names=names, numbers=("bid", "ask"), times=times,
            optional=frozenset({"bid", "ask"}), header_lines=1,
        )  # fmt: skip
        return _ticks(read_sheet(path, layout), request, path)
    extra = tuple(name for name in ("tickvol", "spread") if name in names)
    layout = Layout(delimiter="\t", names=names, numbers=OHLC + extra, times=times, header_lines=1)
    sheet = read_sheet(path, layout)
    prices = {name: sheet.numbers[name] for name in OHLC}
    side = request.side or "bid"
    spread = sheet.numbers.get("spread")
    if spread is not None and spread.any() and side in ("bid", "quote"):
        side = "quote"
        digits, _ = choose_digits(identity.symbol, list(prices.values()))
        prices |= {f"ask_{name}": prices[name] + spread / 10.0**digits for name in OHLC}
    numbers = prices | ({"volume": sheet.numbers["tickvol"]} if "tickvol" in extra else {})
    named = Sheet(sheet.path, sheet.wall, sheet.offset, numbers, sheet.header_lines)
    return from_sheet(named, identity, source="mt5", side=side, zone=zone)


def _ticks(sheet: Sheet, request: ReadRequest, path: Path) -> RawSeries:
    assert request.zone is not None
    prices = {name: carry_forward(sheet.numbers[name]) for name in ("bid", "ask")}
    known = ~(np.isnan(prices["bid"]) | np.isnan(prices["ask"]))
    if not known.any():
        raise DataError(f"{path}: line 2: no row has a bid and an ask; export ticks anew")
    identity = identify(request, _name(path), is_tick=True)
    first = int(np.argmax(known))
    numbers = {name: column[first:] for name, column in prices.items()}
    cut = Sheet(path, sheet.wall[first:], sheet.offset, numbers, 1 + first)
    return from_sheet(cut, identity, source="mt5", side="quote", zone=zone_table(request.zone))


def carry_forward(column: Float64s) -> Float64s:
    """Repeat the last known value where a cell is empty; leading empty cells stay NaN."""
    rows = np.where(np.isnan(column), -1, np.arange(len(column)))
    last = np.maximum.accumulate(rows)
    return np.where(last >= 0, column[np.maximum(last, 0)], np.nan)


def _name(path: Path) -> Naming:
    named = name_from_words(path)
    if named.symbol is not None:
        return named
    words = path.stem.split("_")
    dated = len(words) == 3 and all(word.isdigit() for word in words[1:])
    return Naming(parse_symbol(words[0]), is_tick=True) if dated else named

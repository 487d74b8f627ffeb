"""Read FXCM candles (UTC): one side a file, both sides in one file, or a folder of both."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np

from assay.market.naming import Naming, name_from_words, read_timeframe
from assay.market.reading import RawSeries, ReadRequest, from_sheet, identify
from assay.market.series import BID_COLUMNS
from assay.market.text import Layout, peek_lines, read_sheet
from assay.model.errors import DataError
from assay.model.zones import zone_table

WORDS = {"date": "time", "datetime": "time", "timestamp": "time", "time": "time"}
WORDS |= {name: name for name in (*BID_COLUMNS, "bid", "ask", "volume")}
WORDS |= {f"bid{name}": name for name in BID_COLUMNS}
WORDS |= {f"ask{name}": f"ask_{name}" for name in BID_COLUMNS}
WORDS |= {"tickqty": "volume", "bidvolume": "bid_size", "askvolume": "ask_size"}
_NAME = re.compile(r"([A-Za-z]{6})[-_](m1|m5|m15|m30|h1|h4|d1)[-_](bid|ask)", re.IGNORECASE)


def read(request: ReadRequest) -> RawSeries:
    """Read a file, or join the bid and ask files of a folder into quotes."""
    if not request.path.is_dir():
        return _read_file(request)
    found = {
        side: [path for path in sorted(request.path.glob("*.csv*")) if _side(path) == side]
        for side in ("bid", "ask")
    }
    if [len(paths) for paths in found.values()] != [1, 1]:
        raise DataError(f"{request.path}: expected one -bid- and one -ask- file; name a file")
    bid, ask = (
        _read_file(replace(request, path=found[side][0], side=side)) for side in ("bid", "ask")
    )
    return join_sides(bid, ask)


def join_sides(bid: RawSeries, ask: RawSeries) -> RawSeries:
    """Return quote bars of the times that both sides have."""
    times, of_bid, of_ask = np.intersect1d(bid.time, ask.time, return_indices=True)
    if len(times) == 0:
        raise DataError(f"{bid.symbol}: the bid and ask files share no time; check their spans")
    prices = {name: bid.prices[name][of_bid] for name in BID_COLUMNS}
    prices |= {f"ask_{name}": ask.prices[name][of_ask] for name in BID_COLUMNS}
    return replace(
        bid, side="quote", time=times, prices=prices, fold=bid.fold[of_bid],
        unresolved=bid.unresolved[of_bid],
        sizes={name: column[of_bid] for name, column in bid.sizes.items()},
    )  # fmt: skip


def _read_file(request: ReadRequest) -> RawSeries:
    path = request.path
    lines = peek_lines(path, 2)
    names = tuple(
        WORDS.get(cell.strip().lower().replace("_", ""), cell) for cell in lines[0].split(",")
    )
    is_tick = {"time", "bid", "ask"} <= set(names)
    if len(lines) < 2 or not (is_tick or {"time", *BID_COLUMNS} <= set(names)):
        raise DataError(
            f"{path}: line 1: {lines[0][:60]!r} is no header of FXCM candles "
            "(timestamp,open,high,low,close or DateTime,BidOpen,…,AskClose); pick another format"
        )
    asks = tuple(f"ask_{name}" for name in BID_COLUMNS)
    has_asks = set(asks) <= set(names)
    wanted = ("bid", "ask") if is_tick else BID_COLUMNS + (asks if has_asks else ())
    sizes = tuple(name for name in ("volume", "bid_size", "ask_size") if name in names)
    layout = Layout(
        delimiter=",", names=names, numbers=wanted + sizes, header_lines=1,
        times={"time": _pattern(path, "".join(lines[1].split(",")[names.index("time") :][:1]))},
    )  # fmt: skip
    identity = identify(request, _name(path), is_tick=is_tick)
    side = "quote" if is_tick or has_asks else request.side or _side(path) or "bid"
    zone = zone_table(request.zone or "UTC+0")
    return from_sheet(read_sheet(path, layout), identity, source="fxcm", side=side, zone=zone)


def _pattern(path: Path, stamp: str) -> str:
    if re.match(r"\d\d/\d\d/\d{4} \d\d:", stamp):
        return "mm/dd/YYYY HH:MM:SS"
    if re.match(r"\d{4}-\d\d-\d\d[ T]\d\d:", stamp):
        return f"YYYY-mm-dd{stamp[10]}HH:MM:SS"
    raise DataError(f"{path}: line 2: {stamp[:40]!r} is no time such as 01/31/2013 22:00:00")


def _side(path: Path) -> str | None:
    found = re.search(r"[-_](bid|ask)(?![a-z])", path.name, re.IGNORECASE)
    return found[1].lower() if found else None


def _name(path: Path) -> Naming:
    found = _NAME.match(path.name)
    if found is None:
        return name_from_words(path)
    timeframe, _ = read_timeframe(found[2]) or (None, False)
    return Naming(found[1].upper(), timeframe)

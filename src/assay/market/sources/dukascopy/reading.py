"""Read .bi5 files: LZMA of big-endian records; the path tells symbol and (zero-based) month."""

from __future__ import annotations

import lzma
import re
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from assay.market.grid import catalogue_digits
from assay.market.naming import Naming, parse_symbol
from assay.market.reading import RawSeries, ReadRequest, identify, present_sizes
from assay.market.series import ASK_COLUMNS, BID_COLUMNS, Int64s
from assay.model.errors import DataError, UsageError
from assay.model.time import DAY, HOUR, SECOND, Timeframe

UNPACKED_MAX = 64 << 20
MEMORY_MAX = 128 << 20
FILES_MAX = 100_000
TICK = np.dtype(
    [(name, ">u4") for name in ("ms", "ask", "bid")] + [("ask_size", ">f4"), ("bid_size", ">f4")]
)
CANDLE = np.dtype(
    [(name, ">u4") for name in ("s", "open", "close", "low", "high")] + [("volume", ">f4")]
)
POINT_DIGITS = {"BTCUSD": 1, "ETHUSD": 1, "LTCUSD": 2, "BCOUSD": 3}
_FILE = re.compile(r"(?:(\d\d)h_ticks|(BID|ASK)_candles_(min_1|hour_1|day_1))\.bi5")
_FRAMES = {"min_1": Timeframe.M1, "hour_1": Timeframe.H1, "day_1": Timeframe.D1}
_DEPTH = {"min_1": 3, "hour_1": 2, "day_1": 1}


class Place(NamedTuple):
    """Say what one file's path tells: series kind and the instant its records count from."""

    symbol: str
    timeframe: Timeframe | None
    side: str
    start: int


def read(request: ReadRequest) -> RawSeries:
    """Read one file, or every file of one kind below a folder, in the order of time."""
    if not request.path.is_dir():
        return _read_file(request, _place_of(request))
    places = {path: _place(path) for path in _files(request.path)}
    wanted = _choose_kind(request, list(places.values()))
    chosen = {path: place for path, place in places.items() if place.timeframe == wanted}
    if len({place.symbol for place in chosen.values()}) > 1:
        raise UsageError(f"{request.path}: holds several symbols; name one symbol's folder")
    sides = sorted({place.side for place in chosen.values()})
    if request.side in sides:
        sides = [request.side]
    parts = {side: _read_side(request, chosen, side) for side in sides}
    if sides == ["ask", "bid"]:
        return _join_sides(parts["bid"], parts["ask"])
    return parts[sides[0]]


def _place_of(request: ReadRequest) -> Place:
    """Return what the path tells; an empty file holds no ticks wherever it lies."""
    path = request.path
    if request.symbol and path.is_file() and path.stat().st_size == 0:
        side = "quote" if request.timeframe is None else request.side or "bid"
        return Place(parse_symbol(request.symbol), request.timeframe, side, 0)
    if _FILE.fullmatch(path.name) is None:
        _unpack(path)  # a file that is damaged is no question of its name
    return _place(path)


def _files(folder: Path) -> list[Path]:
    found = sorted(path for path in folder.rglob("*.bi5") if _FILE.fullmatch(path.name))
    if not found:
        raise DataError(f"{folder}: no file such as EURUSD/2019/01/04/00h_ticks.bi5 below it")
    if len(found) > FILES_MAX:
        raise DataError(f"{folder}: {len(found)} files; import it year by year")
    return found


def _choose_kind(request: ReadRequest, places: list[Place]) -> Timeframe | None:
    kinds = {place.timeframe for place in places}
    if request.timeframe is not None and request.timeframe not in kinds:
        raise UsageError(f"{request.path}: holds no {request.timeframe.name} candles")
    return request.timeframe if request.timeframe or None in kinds else min(kinds - {None})


def _read_side(request: ReadRequest, places: dict[Path, Place], side: str) -> RawSeries:
    paths = sorted((place.start, path) for path, place in places.items() if place.side == side)
    parts = [
        _read_file(replace(request, path=path, timeframe=None), places[path]) for _, path in paths
    ]
    filled = [part for part in parts if len(part)] or parts[:1]
    first = filled[0]
    sizes = {name for part in filled for name in part.sizes}
    return replace(
        first,
        time=np.concatenate([part.time for part in filled]),
        fold=np.concatenate([part.fold for part in filled]),
        unresolved=np.concatenate([part.unresolved for part in filled]),
        prices={
            name: np.concatenate([part.prices[name] for part in filled]) for name in first.prices
        },
        sizes={
            name: np.concatenate([part.sizes.get(name, np.zeros(len(part))) for part in filled])
            for name in sorted(sizes)
        },
    )


def _join_sides(bid: RawSeries, ask: RawSeries) -> RawSeries:
    times, of_bid, of_ask = np.intersect1d(bid.time, ask.time, return_indices=True)
    prices = {name: bid.prices[name][of_bid] for name in BID_COLUMNS}
    pairs = zip(ASK_COLUMNS, BID_COLUMNS, strict=True)
    prices |= {name: ask.prices[plain][of_ask] for name, plain in pairs}
    sizes = {name: column[of_bid] for name, column in bid.sizes.items()}
    return replace(
        bid, side="quote", time=times, prices=prices, sizes=sizes, fold=bid.fold[of_bid],
        unresolved=bid.unresolved[of_bid],
    )  # fmt: skip


def _read_file(request: ReadRequest, place: Place) -> RawSeries:
    is_tick = place.timeframe is None
    named = Naming(place.symbol, place.timeframe, is_tick)
    identity = identify(request, named, is_tick=is_tick)
    if not is_tick and identity.timeframe != place.timeframe:
        raise UsageError(f"{request.path}: holds {place.timeframe.name} candles")  # type: ignore[union-attr]
    payload = _unpack(request.path)
    kind = TICK if is_tick else CANDLE
    if len(payload) % kind.itemsize:
        raise DataError(
            f"{request.path}: {len(payload)} bytes are no whole number of {kind.itemsize}-byte "
            "records; download it again"
        )
    rows = np.frombuffer(payload, dtype=kind)
    names = ("bid", "ask") if is_tick else BID_COLUMNS
    scale = 10.0 ** _point_digits(identity.symbol)
    size_names = ("bid_size", "ask_size") if is_tick else ("volume",)
    nothing = np.zeros(len(rows), dtype=np.bool_)
    return RawSeries(
        symbol=identity.symbol, timeframe=identity.timeframe, side=place.side, source="dukascopy",
        time=_times(request.path, rows, place), fold=nothing, unresolved=nothing,
        prices={name: rows[name].astype(np.float64) / scale for name in names},
        sizes=present_sizes({name: rows[name].astype(np.float64) for name in size_names}),
    )  # fmt: skip


def _times(path: Path, rows: np.ndarray, place: Place) -> Int64s:
    if place.timeframe is None:
        past = rows["ms"].astype(np.int64) * 1_000_000
        limit = HOUR
    else:
        past = rows["s"].astype(np.int64) * SECOND
        limit = {Timeframe.M1: DAY, Timeframe.H1: 31 * DAY}.get(place.timeframe, 366 * DAY)
    if len(past) and past.max() >= limit:
        raise DataError(
            f"{path}: record {int(np.argmax(past >= limit)) + 1} lies outside the file's span; "
            "download it again"
        )
    return place.start + past


def _point_digits(symbol: str) -> int:
    known = catalogue_digits(symbol)
    digits = POINT_DIGITS.get(symbol, 3 if symbol[:1] == "X" else known)
    if digits is None:
        raise UsageError(f"the point of {symbol} in .bi5 files is not known; use jforex CSV files")
    return digits


def _place(path: Path) -> Place:
    found = _FILE.fullmatch(path.name)
    kind = found[3] if found else None
    depth = _DEPTH.get(kind or "min_1", 3)
    folders = path.absolute().parent.parts
    numbers, symbol = folders[-depth:], folders[-depth - 1] if len(folders) > depth else ""
    if found is None or not all(part.isdigit() and len(part) in (2, 4) for part in numbers):
        raise UsageError(
            f"{path}: keep the vendor's path, such as EURUSD/2019/01/04/00h_ticks.bi5 or "
            "EURUSD/2019/01/04/BID_candles_min_1.bi5; the month in it counts from 00"
        )
    year, month, day = int(numbers[0]), 0, 1
    if depth > 1:
        month = int(numbers[1])
    if depth > 2:
        day = int(numbers[2])
    start = _instant(path, year, month=month, day=day) + int(found[1] or 0) * HOUR
    side = found[2].lower() if found[2] else "quote"
    return Place(parse_symbol(symbol), _FRAMES.get(kind or ""), side, start)


def _instant(path: Path, year: int, *, month: int, day: int) -> int:
    try:
        date = np.datetime64(f"{year:04d}-{month + 1:02d}-{day:02d}", "D")
    except ValueError:
        raise UsageError(f"{path}: no such date; the month counts from 00 to 11") from None
    return int(date.astype(np.int64)) * DAY


def _unpack(path: Path) -> bytes:
    try:
        packed = path.read_bytes() if path.stat().st_size <= UNPACKED_MAX else None
    except OSError as error:
        raise DataError(f"{path}: {error.strerror or 'not readable'}; check the path") from None
    if packed is None:
        raise DataError(f"{path}: more than {UNPACKED_MAX >> 20} MiB; this is no .bi5 file")
    if not packed:
        return b""
    opened = lzma.LZMADecompressor(format=lzma.FORMAT_AUTO, memlimit=MEMORY_MAX)
    try:
        payload = opened.decompress(packed, max_length=UNPACKED_MAX)
    except (lzma.LZMAError, MemoryError, EOFError) as error:
        raise DataError(f"{path}: damaged LZMA ({error}); download it again") from None
    if not opened.eof or opened.unused_data:
        raise DataError(f"{path}: the LZMA stream is cut or too long; download it again")
    return payload

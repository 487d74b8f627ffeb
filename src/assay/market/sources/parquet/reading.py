"""Read columns time, open, high, low, close, volume[, ask_*, flow] or time, bid, ask, sizes."""

from __future__ import annotations

import math
from hashlib import file_digest
from pathlib import Path
from typing import Any, Literal

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from assay.kernel.flow import FLOW_COLUMNS, QUOTES
from assay.market.naming import name_from_words
from assay.market.reading import RawSeries, ReadRequest, identify, present_sizes, to_series
from assay.market.series import ASK_COLUMNS, BID_COLUMNS, Int64s, Series
from assay.model.errors import DataError, UsageError
from assay.model.time import Timeframe

DESCRIPTION = "metadata.json"
ROWS_MAX = 200_000_000
TICK_COLUMNS = ("bid", "ask")
_NS = {"s": 1_000_000_000, "ms": 1_000_000, "us": 1_000, "ns": 1}


class Described(msgspec.Struct, frozen=True):
    """Hold what is used of a description: the side of the prices, and the file's digest."""

    side: Literal["bid", "ask", "mid"]
    sha256: str


def read_parquet(
    path: str | Path,
    symbol: str | None = None,
    timeframe: Timeframe | None = None,
    side: str | None = None,
) -> Series:
    """Read one file; symbol, timeframe and side come from its name unless given.

    A side that neither tells is that of the `metadata.json` beside it, where that names this very
    file by its digest, else the bid.
    Rows off the price grid are left out. Raise DataError for what is no such file and UsageError
    where neither the name nor the caller says the symbol or timeframe.
    """
    asked = ReadRequest(path=Path(path), symbol=symbol, timeframe=timeframe, side=side)
    series, fit = to_series(read(asked))
    return series if fit.all() else series.select(fit)


def read(request: ReadRequest) -> RawSeries:
    """Read the rows of one file as they are."""
    path = request.path
    named = name_from_words(path)
    columns = _load(path)
    is_tick = set(TICK_COLUMNS) <= columns.keys()
    identity = identify(request, named, is_tick=is_tick)
    names = _price_names(path, columns, is_tick)
    sizes = ("bid_size", "ask_size") if is_tick else ("volume",)
    nothing = np.zeros(len(columns["time"]), dtype=np.bool_)
    has_ask = len(names) > len(BID_COLUMNS)
    side = "quote" if is_tick else _choose_side(request.side, named.side, path, has_ask=has_ask)
    return RawSeries(
        symbol=identity.symbol, timeframe=identity.timeframe, side=side, time=columns["time"],
        source=named.source or "parquet", prices={name: columns[name] for name in names},
        sizes=present_sizes({name: columns.get(name) for name in sizes}),
        fold=columns.get("fold", nothing), unresolved=nothing,
        flow={} if is_tick else _flow_columns(columns),
    )  # fmt: skip


def _flow_columns(columns: dict[str, Any]) -> dict[str, Any]:
    """Return what a file tells of the quotes in its bars; nothing where their number is missing."""
    if FLOW_COLUMNS[QUOTES] not in columns:
        return {}
    return {name: columns[name] for name in FLOW_COLUMNS if name in columns}


def _side_beside(path: Path) -> str | None:
    """Return the side that a description of the file beside it tells; None where there is none."""
    try:
        told = msgspec.json.decode((path.parent / DESCRIPTION).read_bytes(), type=Described)
        with path.open("rb") as source:
            is_meant = file_digest(source, "sha256").hexdigest() == told.sha256
    except (OSError, msgspec.MsgspecError):
        return None
    return told.side if is_meant else None


def _choose_side(side: str | None, named: str | None, path: Path, *, has_ask: bool) -> str:
    if has_ask and side in (None, "quote"):
        return "quote"
    if side == "quote":
        raise UsageError("side quote needs ask_open, ask_high, ask_low and ask_close columns")
    return side or named or _side_beside(path) or "bid"


def _price_names(path: Path, columns: dict[str, Any], is_tick: bool) -> tuple[str, ...]:
    wanted = TICK_COLUMNS if is_tick else BID_COLUMNS
    missing = [name for name in ("time", *wanted) if name not in columns]
    if missing:
        raise DataError(
            f"{path}: no column {', '.join(missing)} among {', '.join(columns) or 'none'}; "
            "expected time with open, high, low, close or with bid, ask"
        )
    asks = set(ASK_COLUMNS) & columns.keys()
    if asks and len(asks) < len(ASK_COLUMNS):
        raise DataError(f"{path}: only {', '.join(sorted(asks))} of the four ask columns exist")
    return wanted if is_tick or not asks else wanted + ASK_COLUMNS


def _load(path: Path) -> dict[str, Any]:
    known = (
        "time", *BID_COLUMNS, *ASK_COLUMNS, "volume", *TICK_COLUMNS, "bid_size", "ask_size",
        "fold", *FLOW_COLUMNS,
    )  # fmt: skip
    try:
        with pq.ParquetFile(path) as source:
            if source.metadata.num_rows > ROWS_MAX:
                raise DataError(f"{path}: {source.metadata.num_rows} rows; split it by year")
            names = [name for name in source.schema_arrow.names if name in known]
            table = source.read(columns=names)
    except FileNotFoundError:
        raise DataError(f"{path}: no such file; check the path") from None
    except (pa.ArrowException, OSError, MemoryError, UnicodeDecodeError) as error:
        reason = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
        raise DataError(f"{path}: not a readable Parquet file ({reason}); export it anew") from None
    if table.num_rows == 0:
        raise DataError(f"{path}: no rows; export it anew")
    return {name: _to_numpy(path, name, table.column(name)) for name in table.column_names}


def _to_numpy(path: Path, name: str, column: pa.ChunkedArray) -> Any:
    if name in FLOW_COLUMNS and pa.types.is_floating(column.type):
        return _view(column.cast(pa.float64()).fill_null(math.nan))
    if column.null_count:
        raise DataError(f"{path}: column {name} has {column.null_count} empty cells; fill them")
    kind = column.type
    if name == "time":
        return _to_nanoseconds(path, column)
    if name == "fold" and pa.types.is_boolean(kind):
        return _view(column.cast(pa.uint8())).astype(bool)
    if not (pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_decimal(kind)):
        raise DataError(f"{path}: column {name} is {kind}; expected numbers")
    return _view(column.cast(pa.float64(), safe=False))


def _view(column: pa.ChunkedArray) -> Any:
    # By Arrow's own way to NumPy every process would import Pandas, for half a second.
    return np.from_dlpack(column.combine_chunks())


def _to_nanoseconds(path: Path, column: pa.ChunkedArray) -> Int64s:
    if not pa.types.is_timestamp(column.type):
        raise DataError(f"{path}: column time is {column.type}; expected timestamps in UTC")
    raw = _view(column.cast(pa.int64()))
    factor = _NS[column.type.unit]
    limit = (2**63 - 1) // factor
    if raw.min() < 0 or raw.max() > limit:
        raise DataError(f"{path}: column time reaches outside 1970-2262; check its unit")
    return np.asarray(raw * factor, dtype=np.int64)

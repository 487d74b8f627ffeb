"""Read columns time, open, high, low, close, volume[, ask_*] or time, bid, ask, sizes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from assay.market.grid import choose_digits, to_points
from assay.market.naming import Naming, name_from_words, parse_symbol
from assay.market.series import (
    ASK_COLUMNS,
    BID_COLUMNS,
    BarSeries,
    Float64s,
    Int64s,
    Series,
    TickSeries,
)
from assay.model.errors import DataError, UsageError
from assay.model.time import Timeframe

ROWS_MAX = 200_000_000
TICK_COLUMNS = ("bid", "ask")
_NS = {"s": 1_000_000_000, "ms": 1_000_000, "us": 1_000, "ns": 1}


def read_parquet(
    path: str | Path,
    symbol: str | None = None,
    timeframe: Timeframe | None = None,
    side: str | None = None,
) -> Series:
    """Read one file; symbol, timeframe and side come from its name unless given.

    Rows off the price grid are left out. Raise DataError for what is no such file and UsageError
    where neither the name nor the caller says the symbol or timeframe.
    """
    series, _ = read_parquet_rows(Path(path), symbol, timeframe, side)
    return series


def read_parquet_rows(
    path: Path, symbol: str | None, timeframe: Timeframe | None, side: str | None
) -> tuple[Series, tuple[Int64s, list[Float64s]] | None]:
    """Read one file; return it with (times, price columns) of the rows off the grid, if any."""
    named = name_from_words(path)
    symbol = parse_symbol(symbol) if symbol else named.symbol
    columns = _load(path)
    is_tick = set(TICK_COLUMNS) <= columns.keys()
    if symbol is None or (timeframe is None and named.timeframe is None and not is_tick):
        raise UsageError(f"{path.name}: name it SYMBOL_TIMEFRAME_*, or give symbol and timeframe")
    names = _price_names(path, columns, is_tick)
    prices = [np.asarray(columns[name], dtype=np.float64) for name in names]
    time = columns["time"]
    digits, fit = choose_digits(symbol, prices)
    fold = columns.get("fold")
    marks = np.zeros(len(time), dtype=np.bool_) if fold is None else np.asarray(fold, np.bool_)
    points = {name: to_points(column, digits) for name, column in zip(names, prices, strict=True)}
    identity = {"symbol": symbol, "digits": digits, "source": named.source or "parquet"}
    series: Series
    if is_tick:
        sizes = {name: _present(columns.get(name)) for name in ("bid_size", "ask_size")}
        series = TickSeries(ts=time, fold=marks, **identity, **points, **sizes)
    else:
        length = timeframe or named.timeframe
        assert length is not None
        chosen = _choose_side(side, named, "ask_open" in points)
        volume = _present(columns.get("volume"))
        series = BarSeries(
            timeframe=length, side=chosen, ts_open=time, fold=marks, volume=volume,
            **identity, **points,
        )  # fmt: skip
    if fit.all():
        return series, None
    return series.select(fit), (time[~fit], [column[~fit] for column in prices])


def _choose_side(side: str | None, named: Naming, has_ask: bool) -> str:
    if has_ask and side in (None, "quote"):
        return "quote"
    if side == "quote":
        raise UsageError("side quote needs ask_open, ask_high, ask_low and ask_close columns")
    return side or named.side or "bid"


def _present(column: Any) -> Float64s | None:
    """Return a column that says something; one of zeros only is a source without volume."""
    if column is None:
        return None
    values = np.asarray(column, dtype=np.float64)
    return values if np.any(values != 0) else None


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
    known = ("time", *BID_COLUMNS, *ASK_COLUMNS, "volume", *TICK_COLUMNS, "bid_size", "ask_size")
    try:
        with pq.ParquetFile(path) as source:
            if source.metadata.num_rows > ROWS_MAX:
                raise DataError(f"{path}: {source.metadata.num_rows} rows; split it by year")
            names = [name for name in source.schema_arrow.names if name in (*known, "fold")]
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
    if column.null_count:
        raise DataError(f"{path}: column {name} has {column.null_count} empty cells; fill them")
    kind = column.type
    if name == "time":
        return _to_nanoseconds(path, column)
    if name == "fold" and pa.types.is_boolean(kind):
        return column.to_numpy()
    if not (pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_decimal(kind)):
        raise DataError(f"{path}: column {name} is {kind}; expected numbers")
    return column.cast(pa.float64(), safe=False).to_numpy()


def _to_nanoseconds(path: Path, column: pa.ChunkedArray) -> Int64s:
    if not pa.types.is_timestamp(column.type):
        raise DataError(f"{path}: column time is {column.type}; expected timestamps in UTC")
    raw = column.cast(pa.int64()).to_numpy()
    factor = _NS[column.type.unit]
    limit = (2**63 - 1) // factor
    if raw.min() < 0 or raw.max() > limit:
        raise DataError(f"{path}: column time reaches outside 1970-2262; check its unit")
    return np.asarray(raw * factor, dtype=np.int64)

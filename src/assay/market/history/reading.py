"""Read back what imports made visible."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from assay.kernel.flow import ABSENT, FLOW_COLUMNS, QUOTES
from assay.market.history.ports import AnalyticsStore
from assay.market.series import (
    ASK_COLUMNS,
    BID_COLUMNS,
    BarSeries,
    Int64s,
    Series,
    TickSeries,
    refine_flow,
)
from assay.model.errors import DataError
from assay.model.time import Timeframe

_EARLIEST, _LATEST = -(2**62), 2**62
_SERIES = (
    "SELECT symbol, timeframe, side, source, max(digits) AS digits, sum(rows_accepted) AS rows,"
    " min(first_ns) AS first, max(last_ns) AS last, count() AS files FROM imports"
    " WHERE rows_accepted > 0 GROUP BY symbol, timeframe, side, source"
    " ORDER BY symbol, timeframe, source, side"
)
_BARS = (
    "SELECT * EXCEPT (import_id, symbol, timeframe, side, source) FROM bars"
    " WHERE symbol = {symbol:String} AND timeframe = {timeframe:Int64}"
    " AND source = {source:String} AND side = {side:String}"
    " AND ts_open >= {start:Int64} AND ts_open < {end:Int64}"
    " AND import_id IN (SELECT import_id FROM imports) ORDER BY ts_open"
)
_TICKS = (
    "SELECT * EXCEPT (import_id, symbol, side, source) FROM ticks"
    " WHERE symbol = {symbol:String} AND source = {source:String} AND side = {side:String}"
    " AND ts >= {start:Int64} AND ts < {end:Int64}"
    " AND import_id IN (SELECT import_id FROM imports) ORDER BY ts, place"
)
_REJECTS = (
    "SELECT import_id, place, ts, rule, row_text FROM rejects WHERE symbol = {symbol:String}"
    " AND timeframe = {timeframe:Int64} AND import_id IN (SELECT import_id FROM imports)"
    " ORDER BY import_id, place LIMIT {limit:UInt64}"
)
_REJECT_COUNTS = (
    "SELECT rule, toInt64(count()) AS rows FROM rejects WHERE symbol = {symbol:String}"
    " AND timeframe = {timeframe:Int64} AND import_id IN (SELECT import_id FROM imports)"
    " GROUP BY rule ORDER BY rule"
)


@dataclass(frozen=True, slots=True)
class SeriesKey:
    """Name one stored series; `timeframe` is None for ticks."""

    symbol: str
    timeframe: Timeframe | None
    side: str
    source: str


def list_series(store: AnalyticsStore) -> list[dict[str, Any]]:
    """Return one row a series: its key, digits, rows, first and last (ns UTC), files."""
    return store.query(_SERIES).to_pylist()


def list_imports(store: AnalyticsStore) -> list[dict[str, Any]]:
    """Return one row a visible import."""
    return store.query("SELECT * FROM imports ORDER BY imported_ns, import_id").to_pylist()


def choose_series(
    store: AnalyticsStore,
    symbol: str,
    timeframe: Timeframe | None,
    side: str | None = None,
    source: str | None = None,
) -> SeriesKey:
    """Return the series asked for, of several the one with most rows; raise DataError for none."""
    wanted = int(timeframe) if timeframe is not None else 0
    found = [
        row
        for row in list_series(store)
        if (row["symbol"], row["timeframe"]) == (symbol, wanted)
        and side in (None, row["side"])
        and source in (None, row["source"])
    ]
    if not found:
        word = timeframe.name if timeframe is not None else "ticks"
        raise DataError(f"no series {symbol} {word} is stored; see `assay data list`")
    best = max(found, key=lambda row: (row["rows"], row["source"], row["side"]))
    return SeriesKey(symbol, timeframe, best["side"], best["source"])


def read_series(
    store: AnalyticsStore, key: SeriesKey, start: int | None = None, end: int | None = None
) -> Series:
    """Return the rows of a series in [start, end) (ns UTC), in the order of time."""
    parameters = {
        "symbol": key.symbol, "source": key.source, "side": key.side,
        "start": _EARLIEST if start is None else start, "end": _LATEST if end is None else end,
    }  # fmt: skip
    if key.timeframe is None:
        return _to_ticks(key, store.query(_TICKS, parameters))
    rows = store.query(_BARS, parameters | {"timeframe": int(key.timeframe)})
    return _to_bars(key, rows)


def read_rejects(
    store: AnalyticsStore, symbol: str, timeframe: Timeframe | None, limit: int = 1000
) -> list[dict[str, Any]]:
    """Return rejected rows: import, place in the file, ns UTC, rule, prices as they stood."""
    parameters = {
        "symbol": symbol, "limit": limit,
        "timeframe": int(timeframe) if timeframe is not None else 0,
    }  # fmt: skip
    return store.query(_REJECTS, parameters).to_pylist()


def count_rejects(
    store: AnalyticsStore, symbol: str, timeframe: Timeframe | None
) -> dict[str, int]:
    """Return how many rows of the stored files each rule kept out."""
    parameters = {"symbol": symbol, "timeframe": int(timeframe) if timeframe is not None else 0}
    rows = store.query(_REJECT_COUNTS, parameters).to_pylist()
    return {row["rule"]: row["rows"] for row in rows}


def _to_bars(key: SeriesKey, rows: pa.Table) -> BarSeries:
    assert key.timeframe is not None
    digits, factor = _finest(rows)
    names = BID_COLUMNS + (ASK_COLUMNS if key.side == "quote" else ())
    prices = {name: _integers(rows, name) * factor for name in names}
    return BarSeries(
        symbol=key.symbol, timeframe=key.timeframe, side=key.side, source=key.source,
        digits=digits, ts_open=_integers(rows, "ts_open"), fold=_flags(rows),
        volume=_sizes(rows, "volume"), flow=_flow(rows, factor), **prices,
    )  # fmt: skip


def _to_ticks(key: SeriesKey, rows: pa.Table) -> TickSeries:
    digits, factor = _finest(rows)
    return TickSeries(
        symbol=key.symbol, source=key.source, side=key.side, digits=digits,
        ts=_integers(rows, "ts"), bid=_integers(rows, "bid") * factor,
        ask=_integers(rows, "ask") * factor, fold=_flags(rows),
        bid_size=_sizes(rows, "bid_size"), ask_size=_sizes(rows, "ask_size"),
    )  # fmt: skip


def _finest(rows: pa.Table) -> tuple[int, Int64s]:
    """Return the most digits of any row and what scales each row's prices to them."""
    digits = _integers(rows, "digits")
    most = int(digits.max(initial=0))
    return most, np.asarray(np.int64(10) ** (most - digits), dtype=np.int64)


def _flow(rows: pa.Table, factor: Int64s) -> Int64s | None:
    columns = [rows.column(name) for name in FLOW_COLUMNS]
    if columns[QUOTES].null_count == len(rows):
        return None
    told = [column.fill_null(ABSENT).to_numpy() for column in columns]
    return refine_flow(np.column_stack(told), factor)


def _integers(rows: pa.Table, name: str) -> Int64s:
    return np.asarray(rows.column(name).to_numpy(), dtype=np.int64)


def _flags(rows: pa.Table) -> np.ndarray:
    return _integers(rows, "fold") != 0


def _sizes(rows: pa.Table, name: str) -> np.ndarray | None:
    column = rows.column(name)
    if column.null_count == len(column):
        return None
    return np.asarray(column.to_numpy(), dtype=np.float64)

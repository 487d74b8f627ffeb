"""Write one assessed file so that all of it becomes visible at once, or nothing."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pyarrow as pa

from assay.kernel.flow import ABSENT, FLOW_COLUMNS
from assay.market.history.ports import AnalyticsStore
from assay.market.series import BarSeries, Int64s, Series, TickSeries
from assay.model.errors import DataError
from assay.model.time import Timeframe

if TYPE_CHECKING:
    from assay.market.quality import Assessment

ROWS_PER_INSERT = 500_000
_CLEAN = {
    "bars": "DELETE FROM bars WHERE import_id IN {ids:Array(String)}",
    "ticks": "DELETE FROM ticks WHERE import_id IN {ids:Array(String)}",
    "rejects": "DELETE FROM rejects WHERE import_id IN {ids:Array(String)}",
    "import_starts": "DELETE FROM import_starts WHERE import_id IN {ids:Array(String)}",
}


@dataclass(frozen=True, slots=True)
class FileIdentity:
    """Name what is imported: format, path, sha256 of the bytes, and the options it is read with."""

    format: str
    path: str
    sha256: str
    options: str

    def id_of(self, series: Series) -> str:
        """Return the id of importing these bytes, with these options, as that series."""
        key = (
            self.format, self.sha256, self.options,
            series.symbol, _timeframe_of(series), series.side, series.source,
        )  # fmt: skip
        return hashlib.sha256(msgspec.json.encode(key)).hexdigest()


@dataclass(frozen=True, slots=True)
class ImportOutcome:
    """Tell what an import did; `first` and `last` are ns UTC of the accepted rows, or None."""

    read: int
    accepted: int
    rejected: dict[str, int]
    first: int | None
    last: int | None
    symbol: str
    timeframe: Timeframe | None
    side: str
    sha256: str


def fingerprint_file(path: Path, format_name: str, options: dict[str, object]) -> FileIdentity:
    """Return the identity of a file (or of a folder's files) read with these options."""
    digest = hashlib.sha256()
    try:
        files = [path] if not path.is_dir() else sorted(p for p in path.rglob("*") if p.is_file())
        for file in files:
            if path.is_dir():
                digest.update(str(file.relative_to(path)).encode() + b"\0")
            with file.open("rb") as stream:
                while block := stream.read(1 << 20):
                    digest.update(block)
    except OSError as error:
        raise DataError(f"{path}: {error.strerror or 'not readable'}; check the path") from None
    told = msgspec.json.encode(sorted(options.items())).decode()
    return FileIdentity(format_name, str(path), digest.hexdigest(), told)


def commit_import(
    store: AnalyticsStore, identity: FileIdentity, assessment: Assessment, imported_ns: int
) -> ImportOutcome:
    """Store accepted and rejected rows; the row in `imports`, written last, makes them visible.

    The caller holds the home's import lock: rows of an import that was cut off are removed here.
    """
    remove_unfinished(store)
    import_id = identity.id_of(assessment.series)
    if _is_imported(store, import_id):
        repeated = {"duplicate": assessment.read} if assessment.read else {}
        return _outcome(identity, assessment, accepted=0, rejected=repeated)
    fresh = _leave_out_stored(store, assessment)
    store.insert("import_starts", pa.table({"import_id": [import_id]}))
    _insert_rows(store, import_id, fresh)
    outcome = _outcome(identity, fresh, accepted=len(fresh.series), rejected=dict(fresh.counts))
    store.insert("imports", _imports_row(identity, fresh, imported_ns))
    return outcome


def remove_unfinished(store: AnalyticsStore) -> None:
    """Remove the rows of imports that began and never became visible."""
    started = store.query(
        "SELECT DISTINCT import_id FROM import_starts"
        " WHERE import_id NOT IN (SELECT import_id FROM imports)"
    )
    ids = started.column("import_id").to_pylist()
    if ids:
        for sql in _CLEAN.values():
            store.execute(sql, {"ids": ids})


def _is_imported(store: AnalyticsStore, import_id: str) -> bool:
    found = store.query(
        "SELECT count() AS rows FROM imports WHERE import_id = {id:String}", {"id": import_id}
    )
    return bool(found.column("rows")[0].as_py())


def _leave_out_stored(store: AnalyticsStore, assessment: Assessment) -> Assessment:
    series = assessment.series
    if len(series) == 0:
        return assessment
    again = np.isin(series.time, _stored_times(store, series))
    if not again.any():
        return assessment
    places = assessment.places
    rejects = assessment.rejects
    merged = replace(
        rejects,
        row=np.concatenate([rejects.row, places[again]]),
        time=np.concatenate([rejects.time, series.time[again]]),
        rule=rejects.rule + ["duplicate"] * int(again.sum()),
        text=rejects.text + ["already stored"] * int(again.sum()),
    )
    return replace(assessment, series=series.select(~again), rejects=merged, places=places[~again])


def _stored_times(store: AnalyticsStore, series: Series) -> Int64s:
    parameters = {
        "symbol": series.symbol, "side": series.side, "source": series.source,
        "first": int(series.time.min()), "last": int(series.time.max()),
    }  # fmt: skip
    if isinstance(series, BarSeries):
        sql = (
            "SELECT ts_open AS ts FROM bars WHERE symbol = {symbol:String}"
            " AND timeframe = {timeframe:Int64} AND source = {source:String}"
            " AND side = {side:String} AND ts_open BETWEEN {first:Int64} AND {last:Int64}"
            " AND import_id IN (SELECT import_id FROM imports)"
        )
        parameters["timeframe"] = int(series.timeframe)
    else:
        sql = (
            "SELECT DISTINCT ts FROM ticks WHERE symbol = {symbol:String}"
            " AND source = {source:String} AND side = {side:String}"
            " AND ts BETWEEN {first:Int64} AND {last:Int64}"
            " AND import_id IN (SELECT import_id FROM imports)"
        )
    return np.asarray(store.query(sql, parameters).column("ts").to_numpy(), dtype=np.int64)


def _insert_rows(store: AnalyticsStore, import_id: str, assessment: Assessment) -> None:
    series = assessment.series
    table = "bars" if isinstance(series, BarSeries) else "ticks"
    for start in range(0, len(series), ROWS_PER_INSERT):
        part = series.select(slice(start, start + ROWS_PER_INSERT))
        store.insert(table, _series_rows(import_id, part, start))
    rejects = assessment.rejects
    for start in range(0, len(rejects), ROWS_PER_INSERT):
        stop = start + ROWS_PER_INSERT
        size = len(rejects.row[start:stop])
        columns = {
            "import_id": _repeat(import_id, size), "symbol": _repeat(series.symbol, size),
            "timeframe": np.full(size, _timeframe_of(series)),
            "place": rejects.row[start:stop].astype(np.uint64), "ts": rejects.time[start:stop],
            "rule": rejects.rule[start:stop], "row_text": rejects.text[start:stop],
        }  # fmt: skip
        store.insert("rejects", pa.table(columns))


def _series_rows(import_id: str, series: Series, start: int) -> pa.Table:
    size = len(series)
    columns = {
        "import_id": _repeat(import_id, size), "symbol": _repeat(series.symbol, size),
        "side": _repeat(series.side, size), "source": _repeat(series.source, size),
        "digits": np.full(size, series.digits, dtype=np.uint8),
        "fold": series.fold.astype(np.uint8),
    }  # fmt: skip
    if isinstance(series, TickSeries):
        columns |= {
            "place": np.arange(start, start + size, dtype=np.uint64), "ts": series.ts,
            "bid": series.bid, "ask": series.ask,
            "bid_size": _optional(series.bid_size, size, pa.float64()),
            "ask_size": _optional(series.ask_size, size, pa.float64()),
        }  # fmt: skip
        return pa.table(columns)
    columns |= {
        "timeframe": np.full(size, int(series.timeframe)), "ts_open": series.ts_open,
        "open": series.open, "high": series.high, "low": series.low, "close": series.close,
        "volume": _optional(series.volume, size, pa.float64()),
    }  # fmt: skip
    for name in ("ask_open", "ask_high", "ask_low", "ask_close"):
        columns[name] = _optional(getattr(series, name), size, pa.int64())
    for place, name in enumerate(FLOW_COLUMNS):
        told = None if series.flow is None else series.flow[:, place]
        columns[name] = (
            pa.nulls(size, pa.int64()) if told is None else pa.array(told, mask=told == ABSENT)
        )
    return pa.table(columns)


def _repeat(text: str, size: int) -> pa.Array:
    return pa.repeat(pa.scalar(text), size)


def _optional(column: np.ndarray | None, size: int, kind: pa.DataType) -> pa.Array:
    return pa.nulls(size, kind) if column is None else pa.array(column, kind)


def _timeframe_of(series: Series) -> int:
    return int(series.timeframe) if isinstance(series, BarSeries) else 0


def _imports_row(identity: FileIdentity, assessment: Assessment, imported_ns: int) -> pa.Table:
    series = assessment.series
    row = {
        "import_id": identity.id_of(series), "format": identity.format, "path": identity.path,
        "sha256": identity.sha256, "symbol": series.symbol, "timeframe": _timeframe_of(series),
        "side": series.side, "source": series.source, "rows_read": assessment.read,
        "rows_accepted": len(series),
        "rejected": msgspec.json.encode(assessment.counts).decode(),
        "first_ns": int(series.time[0]) if len(series) else 0,
        "last_ns": int(series.time[-1]) if len(series) else 0, "imported_ns": imported_ns,
    }  # fmt: skip
    table = pa.table({name: [value] for name, value in row.items()})
    return table.append_column("digits", pa.array([series.digits], pa.uint8()))


def _outcome(
    identity: FileIdentity, assessment: Assessment, *, accepted: int, rejected: dict[str, int]
) -> ImportOutcome:
    series = assessment.series
    told = accepted and len(series) > 0
    return ImportOutcome(
        read=assessment.read, accepted=accepted, rejected=rejected,
        first=int(series.time[0]) if told else None, last=int(series.time[-1]) if told else None,
        symbol=series.symbol, side=series.side, sha256=identity.sha256,
        timeframe=series.timeframe if isinstance(series, BarSeries) else None,
    )  # fmt: skip

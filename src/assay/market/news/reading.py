"""Read a calendar file: columns time, currency, importance, event and, if it has it, all_day."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq

from assay.market.news.releases import Importance, Release
from assay.model.errors import DataError, UsageError
from assay.model.time import parse_time

NEEDED = ("time", "currency", "importance", "event")
ALL_DAY = "all_day"
ROWS_MAX = 5_000_000
_NS = {"s": 1_000_000_000, "ms": 1_000_000, "us": 1_000, "ns": 1}
_LEVELS = {level.name.lower(): level for level in Importance}
_TRUTH = {"true": True, "1": True, "false": False, "0": False, "": False}


def read_calendar(path: str | Path) -> list[Release]:
    """Read the releases of a Parquet or CSV file (`.csv`), ordered by time.

    Times are UTC unless they say otherwise. What lasts all day has no instant and is left out.
    Raise DataError, naming file, row and remedy, for anything else than such a calendar.
    """
    path = Path(path)
    table = _load_csv(path) if path.suffix.lower() == ".csv" else _load_parquet(path)
    if table.num_rows == 0:
        raise DataError(f"{path}: no rows; export it anew")
    for name in NEEDED:
        if table.column(name).null_count:
            row = table.column(name).is_null().index(True).as_py() + 1
            raise DataError(f"{path}: row {row} has no {name}; fill it or leave the row out")
    times = _times(path, table.column("time"))
    levels = [
        _level(path, row, text) for row, text in enumerate(_texts(path, table, "importance"), 1)
    ]
    whole_day = _whole_days(path, table)
    rows = zip(times, _currencies(path, table), levels, _texts(path, table, "event"), strict=True)
    kept = [Release(*row) for row, lasts in zip(rows, whole_day, strict=True) if not lasts]
    return sorted(kept)


def _load_parquet(path: Path) -> pa.Table:
    try:
        with pq.ParquetFile(path) as source:
            _require_columns(path, source.schema_arrow.names)
            _require_rows(path, source.metadata.num_rows)
            present = [each for each in (*NEEDED, ALL_DAY) if each in source.schema_arrow.names]
            return source.read(columns=present)
    except (pa.ArrowException, OSError, MemoryError, UnicodeDecodeError) as error:
        raise _unreadable(path, error, "Parquet") from None


def _load_csv(path: Path) -> pa.Table:
    # Columns stay texts: their words are judged here, with the row that holds them.
    names = (*NEEDED, ALL_DAY)
    convert = pc.ConvertOptions(
        column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=True, null_values=[""]
    )
    try:
        table = pc.read_csv(path, convert_options=convert)
    except (pa.ArrowException, OSError, MemoryError, UnicodeDecodeError) as error:
        raise _unreadable(path, error, "CSV") from None
    _require_columns(path, table.column_names)
    _require_rows(path, table.num_rows)
    return table.select([each for each in names if each in table.column_names])


def _unreadable(path: Path, error: BaseException, kind: str) -> DataError:
    if isinstance(error, FileNotFoundError):
        return DataError(f"{path}: no such file; check the path")
    reason = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
    return DataError(f"{path}: not a readable {kind} file ({reason}); export it anew")


def _require_columns(path: Path, names: Sequence[str]) -> None:
    missing = [each for each in NEEDED if each not in names]
    if missing:
        raise DataError(
            f"{path}: no column {', '.join(missing)} among {', '.join(names)[:200] or 'none'}; "
            f"a calendar has {', '.join(NEEDED)}"
        )
    if len(set(names)) < len(names):
        raise DataError(f"{path}: a column is there twice among {', '.join(names)[:200]}")


def _require_rows(path: Path, count: int) -> None:
    if count > ROWS_MAX:
        raise DataError(f"{path}: {count} rows, a calendar has at most {ROWS_MAX}; split it")


def _times(path: Path, column: pa.ChunkedArray) -> list[int]:
    kind = column.type
    if pa.types.is_timestamp(kind):
        factor = _NS[kind.unit]
        times = [value * factor for value in column.cast(pa.int64()).to_pylist()]
    elif pa.types.is_string(kind) or pa.types.is_large_string(kind):
        times = [_time(path, row, text) for row, text in enumerate(column.to_pylist(), 1)]
    else:
        raise DataError(f"{path}: column time is {kind}; expected timestamps in UTC")
    for row, time in enumerate(times, 1):
        if not 0 <= time < 2**63:
            raise DataError(f"{path}: row {row}: time is outside 1970-2262; check its unit")
    return times


def _time(path: Path, row: int, text: str) -> int:
    try:
        return parse_time(text.strip())
    except (UsageError, OverflowError):
        raise DataError(
            f"{path}: row {row}: time {text[:40]!r} is not ISO-8601 such as 2019-03-01T12:30:00Z"
        ) from None


def _texts(path: Path, table: pa.Table, name: str) -> list[str]:
    column = table.column(name)
    kind = column.type
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        raise DataError(f"{path}: column {name} is {column.type}; expected texts")
    return [text.strip() for text in column.to_pylist()]


def _currencies(path: Path, table: pa.Table) -> list[str]:
    found = _texts(path, table, "currency")
    for row, text in enumerate(found, 1):
        if len(text) != 3 or not text.isascii() or not text.isupper():
            raise DataError(f"{path}: row {row}: currency {text[:20]!r} is not one such as USD")
    return found


def _level(path: Path, row: int, text: str) -> Importance:
    level = _LEVELS.get(text.lower())
    if level is None:
        raise DataError(
            f"{path}: row {row}: importance {text[:20]!r} is unknown; use {', '.join(_LEVELS)}"
        )
    return level


def _whole_days(path: Path, table: pa.Table) -> list[bool]:
    if ALL_DAY not in table.column_names:
        return [False] * table.num_rows
    found: list[Any] = table.column(ALL_DAY).to_pylist()
    marks = [_TRUTH.get(str(value if value is not None else "").lower()) for value in found]
    if None in marks:
        row = marks.index(None) + 1
        raise DataError(
            f"{path}: row {row}: all_day {str(found[row - 1])[:20]!r} is no truth value"
        )
    return [bool(mark) for mark in marks]

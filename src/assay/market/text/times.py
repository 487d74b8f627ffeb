"""Columns of written times to nanoseconds, by digit arithmetic on whole columns."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from assay.model.errors import DataError
from assay.model.time import DAY, HOUR, MINUTE, SECOND

Int64s = NDArray[np.int64]
FIELDS = "YmdHMSF"
WIDTHS = {"%Y": "YYYY", "%m": "mm", "%d": "dd", "%H": "HH", "%M": "MM", "%S": "SS", "%y": "yy"}
_LENGTHS_MAX = 12
_SUFFIX = re.compile(r"(?:\s?(?:GMT|UTC|Z))?\s?(?:([+-])(\d\d):?(\d\d))?")


class TimeMismatchError(DataError):
    """Report the row of a column whose time does not follow the pattern; `row` counts from 0."""

    def __init__(self, row: int, text: str, reason: str) -> None:
        super().__init__(reason)
        self.row, self.text, self.reason = row, text, reason


def to_pattern(time_format: str) -> str:
    """Return the fixed-width pattern of a strftime format (fractions and zones are found alone).

    >>> to_pattern("%Y.%m.%d %H:%M")
    'YYYY.mm.dd HH:MM'
    """
    pattern = time_format.replace("%f", "").replace("%z", "").replace("%T", "%H:%M:%S")
    for directive, width in WIDTHS.items():
        pattern = pattern.replace(directive, width)
    if "%" in pattern:
        raise DataError(f"time format {time_format!r}: only %Y %m %d %H %M %S %f %z are read")
    return pattern.rstrip(". ")


def parse_times(column: pa.Array, pattern: str) -> tuple[Int64s, int | None]:
    """Return the wall-clock ns of each text and the UTC offset (ns) that all of them carry.

    `pattern` is fixed in width (YYYY mm dd HH MM SS FFF and literals; FFF is milliseconds); a
    fraction and an offset may follow. Raise TimeMismatchError at the first row that does not
    follow, or whose offset differs.
    """
    total = np.zeros(len(column), dtype=np.int64)
    if len(column) == 0:
        return total, None
    lengths = pc.binary_length(column).to_numpy(zero_copy_only=False)
    kinds = np.unique(lengths)
    if len(kinds) > _LENGTHS_MAX:
        row = int(np.argmax(lengths != lengths[0]))
        raise TimeMismatchError(row, column[row].as_py(), f"expected a time like {pattern}")
    offsets: dict[int | None, int] = {}
    for length in kinds:
        rows = np.flatnonzero(lengths == length)
        part = column if len(kinds) == 1 else column.take(pa.array(rows))
        values, offset = _parse_group(part, rows, int(length), pattern)
        total[rows] = values
        offsets.setdefault(offset, int(rows[0]))
    if len(offsets) > 1:
        row = max(offsets.values())
        raise TimeMismatchError(row, column[row].as_py(), "the UTC offset changes; split the file")
    return total, next(iter(offsets))


def _parse_group(
    part: pa.Array, rows: Int64s, length: int, pattern: str
) -> tuple[Int64s, int | None]:
    wide = len(pattern)
    start = part.offset
    ends = np.frombuffer(part.buffers()[1], dtype=np.int32)
    first = int(ends[start])
    raw = np.frombuffer(part.buffers()[2], dtype=np.uint8)[first : first + len(part) * length]
    cells = raw.reshape(len(part), length)

    def refuse(bad: Any, reason: str) -> None:
        at = int(np.argmax(bad))
        raise TimeMismatchError(int(rows[at]), part[at].as_py(), reason)

    if length < wide:
        refuse(np.ones(1), f"expected a time like {pattern}")
    good = _follows(cells, pattern)
    if not good.all():
        refuse(~good, f"expected a time like {pattern}")
    values = {mark: _number(cells, pattern, mark) for mark in FIELDS if mark in pattern}
    if "yy" in pattern:
        values["Y"] = _number(cells, pattern, "y") + 2000
    nanoseconds, valid = _assemble(values)
    if not valid.all():
        refuse(~valid, "no such date or time of day")
    tail = bytes(cells[0, wide:]).decode("ascii")
    width = _fraction_width(tail)
    spots = cells[:, wide + 1 : wide + width] - np.uint8(48)
    if (spots >= 10).any():
        refuse((spots >= 10).any(axis=1), f"expected a time like {pattern}.fff")
    for place in range(spots.shape[1]):
        nanoseconds += spots[:, place].astype(np.int64) * 10 ** (8 - place)
    suffix = cells[:, wide + width :]
    if (suffix != suffix[0]).any():
        refuse((suffix != suffix[0]).any(axis=1), "the UTC offset changes; split the file")
    if _SUFFIX.fullmatch(tail[width:]) is None:
        refuse(np.ones(1), f"expected a time like {pattern}")
    return nanoseconds, _read_offset(tail[width:])


def _follows(cells: NDArray[np.uint8], pattern: str) -> NDArray[np.bool_]:
    good = np.ones(len(cells), dtype=np.bool_)
    for place, mark in enumerate(pattern):
        is_digit = mark in FIELDS or mark == "y"
        good &= cells[:, place] - np.uint8(48) < 10 if is_digit else cells[:, place] == ord(mark)
    return good


def _fraction_width(tail: str) -> int:
    digits = re.match(r"[.,](\d{1,9})(?!\d)", tail)
    return digits.end() if digits else 0


def _read_offset(suffix: str) -> int | None:
    matched = _SUFFIX.fullmatch(suffix)
    if matched is None or not suffix.strip():
        return None
    sign, hours, minutes = matched.groups()
    size = int(hours or 0) * HOUR + int(minutes or 0) * MINUTE
    return -size if sign == "-" else size


def _number(cells: NDArray[np.uint8], pattern: str, mark: str) -> Int64s:
    first = pattern.index(mark)
    value = np.zeros(len(cells), dtype=np.int64)
    for place in range(first, first + pattern.count(mark)):
        value = value * 10 + (cells[:, place] - np.uint8(48))
    return value


def _assemble(values: dict[str, Int64s]) -> tuple[Int64s, NDArray[np.bool_]]:
    size = len(next(iter(values.values())))
    total = np.zeros(size, dtype=np.int64)
    valid = np.ones(size, dtype=np.bool_)
    for mark, unit, limit in (("H", HOUR, 24), ("M", MINUTE, 60), ("S", SECOND, 60)):
        if mark in values:
            valid &= values[mark] < limit
            total += values[mark] * unit
    if "F" in values:
        total += values["F"] * 1_000_000
    if "Y" in values:
        year, month, day = values["Y"], values["m"], values["d"]
        valid &= (year >= 1970) & (year < 2070) & (month >= 1) & (month <= 12)
        month = np.clip(month, 1, 12)
        months = ((np.clip(year, 1970, 2070) - 1970) * 12 + month - 1).astype("datetime64[M]")
        begin = months.astype("datetime64[D]").astype(np.int64)
        after = (months + np.timedelta64(1, "M")).astype("datetime64[D]").astype(np.int64)
        valid &= (day >= 1) & (begin + day <= after)
        total += (begin + day - 1) * DAY
    return total, valid

"""Lines to columns: numbers and times of a delimited text file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pv

from assay.market.series import Float64s, Int64s
from assay.market.text.blocks import Block, read_blocks
from assay.market.text.times import TimeMismatchError, parse_times
from assay.model.errors import DataError


@dataclass(frozen=True, slots=True)
class Layout:
    """Describe a delimited file: every column's name in order, and how those of use are read.

    `times` maps a column to its pattern (see parse_times) and several add up (a date and a time
    of day). `optional` numbers may be empty and become NaN.
    """

    delimiter: str
    names: tuple[str, ...]
    numbers: tuple[str, ...]
    times: dict[str, str] = field(default_factory=dict)
    optional: frozenset[str] = frozenset()
    header_lines: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """Hold what a file says: wall-clock ns (zeros without time columns), numbers, UTC offset."""

    path: Path
    wall: Int64s
    offset: int | None
    numbers: dict[str, Float64s]
    header_lines: int

    def line_of(self, row: int) -> int:
        """Return the line a row stands on."""
        return self.header_lines + row + 1


def read_sheet(path: Path, layout: Layout, suffix: str = ".csv") -> Sheet:
    """Read a whole file; raise DataError naming file, line and remedy for a row that is wrong."""
    walls: list[Int64s] = []
    numbers: dict[str, list[Float64s]] = {name: [] for name in layout.numbers}
    offsets: dict[int | None, int] = {}
    before = b""
    for block in _rows_only(read_blocks(path, suffix), layout.header_lines):
        if block.is_cut:
            _refuse_cut_number(path, block, layout, before)
        before = block.data[-2048:]
        table = _parse_block(path, block, layout)
        if table.num_rows == 0:
            continue
        wall, offset = _read_times(path, block, layout, table)
        offsets.setdefault(offset, block.first_line)
        if len(offsets) > 1:
            raise DataError(
                f"{path}: line {block.first_line}: the UTC offset changes; split the file"
            )
        walls.append(wall)
        for name in layout.numbers:
            numbers[name].append(_read_numbers(path, block, layout, table, name))
    if not walls:
        raise DataError(f"{path}: no rows; download or export it again")
    columns = {name: np.concatenate(parts) for name, parts in numbers.items()}
    return Sheet(path, np.concatenate(walls), next(iter(offsets)), columns, layout.header_lines)


def _rows_only(blocks: Iterator[Block], header_lines: int) -> Iterator[Block]:
    left = header_lines
    for block in blocks:
        data, line = block.data, block.first_line
        while left and data:
            _, _, data = data.partition(b"\n")
            left, line = left - 1, line + 1
        if data.strip():
            yield Block(data, line, block.is_cut)


def _parse_block(path: Path, block: Block, layout: Layout) -> pa.Table:
    wanted = (*layout.times, *layout.numbers)
    types = {name: pa.float64() for name in layout.numbers} | {
        name: pa.string() for name in layout.times
    }
    try:
        return pv.read_csv(
            pa.py_buffer(block.data),
            read_options=pv.ReadOptions(
                column_names=list(layout.names), use_threads=False, block_size=len(block.data) + 1
            ),
            parse_options=pv.ParseOptions(delimiter=layout.delimiter, quote_char=False),
            convert_options=pv.ConvertOptions(
                column_types=types, include_columns=list(wanted), null_values=[""],
                strings_can_be_null=False, check_utf8=False,
            ),
        )  # fmt: skip
    except pa.ArrowException as error:
        _refuse_line(path, block, layout)
        reason = (str(error).splitlines() or ["unreadable"])[0][:100]
        raise DataError(f"{path}: line {block.first_line}: {reason}; export it again") from None


def _refuse_line(path: Path, block: Block, layout: Layout) -> None:
    """Find the line that the fast reader refused and say what is wrong with it."""
    places = [(name, layout.names.index(name)) for name in layout.numbers]
    for shift, line in enumerate(block.data.split(b"\n")):
        text = line.rstrip(b"\r").decode("ascii")
        if not text:
            continue
        cells = text.split(layout.delimiter)
        if len(cells) != len(layout.names):
            raise DataError(
                f"{path}: line {block.first_line + shift}: {len(cells)} columns where "
                f"{len(layout.names)} belong ({', '.join(layout.names)}); mend or cut that line"
            )
        for name, place in places:
            if cells[place] and not _is_number(cells[place]):
                raise DataError(
                    f"{path}: line {block.first_line + shift}: {name} is {cells[place][:40]!r}, "
                    "no number; mend or cut that line"
                )


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return "_" not in text


def _read_times(
    path: Path, block: Block, layout: Layout, table: pa.Table
) -> tuple[Int64s, int | None]:
    wall, offset = np.zeros(table.num_rows, dtype=np.int64), None
    for name, pattern in layout.times.items():
        column = table.column(name).combine_chunks()
        column = column.chunk(0) if isinstance(column, pa.ChunkedArray) else column
        try:
            part, found = parse_times(column, pattern)
        except TimeMismatchError as error:
            raise DataError(
                f"{path}: line {block.first_line + error.row}: {name} is {error.text[:40]!r}: "
                f"{error.reason}"
            ) from None
        wall += part
        offset = found if found is not None else offset
    return wall, offset


def _read_numbers(path: Path, block: Block, layout: Layout, table: pa.Table, name: str) -> Float64s:
    column = table.column(name)
    values: Float64s = column.to_numpy().astype(np.float64, copy=False)
    wrong = ~np.isfinite(values)
    if not wrong.any() or (name in layout.optional and column.null_count == wrong.sum()):
        return values
    line = block.first_line + int(np.argmax(wrong))
    raise DataError(f"{path}: line {line}: {name} is empty or not finite; mend or cut that line")


def _refuse_cut_number(path: Path, block: Block, layout: Layout, before: bytes) -> None:
    """Refuse a last line without newline whose last decimal is shorter than all before it.

    A file whose decimals are of one width ends in a cut number then, not in a short one.
    """
    tail = (before[before.find(b"\n") + 1 :] + block.data)[-65536:]
    lines = [line for line in tail.splitlines() if line.strip()]
    delimiter = layout.delimiter.encode()
    last = [line.rpartition(delimiter)[2].partition(b".") for line in lines[-21:]]
    widths = {len(decimals) for _, _, decimals in last[:-1]}
    if len(lines) > 3 and len(widths) == 1 and len(last[-1][2]) < next(iter(widths)):
        number = block.first_line + block.data.count(b"\n")
        raise DataError(f"{path}: line {number}: the file ends inside a number; download it again")

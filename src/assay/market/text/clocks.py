"""A file's wall-clock column to UTC; a repeated hour is told apart by the file's order alone."""

from __future__ import annotations

import numpy as np

from assay.market.series import Bools, Int64s
from assay.market.text.sheets import Sheet
from assay.model.errors import DataError
from assay.model.time import format_time
from assay.model.zones import ZoneTable


def to_utc_rows(sheet: Sheet, zone: ZoneTable) -> tuple[Int64s, Bools, Bools]:
    """Return each row's ns UTC, where it lies in a repeated hour, and where that stays open.

    An hour that the clock shows twice is told apart by the one step back in the file's order; an
    hour shown once in the file cannot be, and its rows are marked in the third column. Raise
    DataError where rows of such an hour are out of order, or a time does not exist in the zone.
    An offset written in the file wins over `zone`.
    """
    wall = sheet.wall
    if sheet.offset is not None:
        nothing = np.zeros(len(wall), dtype=np.bool_)
        return wall - sheet.offset, nothing, nothing
    row, twofold, missing = zone.locate(wall)
    if missing.any():
        at = int(np.argmax(missing))
        raise DataError(
            f"{sheet.path}: line {sheet.line_of(at)}: {format_time(int(wall[at]))[:-1]} does not "
            f"exist in zone {zone.name}; give the file's own zone"
        )
    open_rows = np.zeros(len(wall), dtype=np.bool_)
    for switch in np.unique(row[twofold]):
        inside = np.flatnonzero(twofold & (row == switch))
        split = _find_second_pass(sheet, inside)
        if split is None:
            open_rows[inside] = True
        else:
            row[inside[:split]] -= 1
    return wall - zone.offsets[row], twofold & ~open_rows, open_rows


def _find_second_pass(sheet: Sheet, inside: Int64s) -> int | None:
    """Return where the second pass begins among the rows of one repeated hour, None if once."""
    steps = np.diff(sheet.wall[inside])
    back = np.flatnonzero(steps < 0)
    scattered = inside[-1] - inside[0] + 1 != len(inside)
    around = sheet.wall[max(0, inside[0] - 1) : inside[-1] + 2]
    disordered = np.count_nonzero(np.diff(around) < 0) > 1
    sorted_up = len(back) == 0 and "bid" not in sheet.numbers and (steps == 0).any()
    if scattered or disordered or sorted_up or len(back) > 1:
        line = sheet.line_of(int(inside[0]))
        raise DataError(
            f"{sheet.path}: line {line}: {format_time(int(sheet.wall[inside[0]]))[:-1]} lies in "
            "an hour the clock shows twice and the rows are not in the vendor's order; "
            "import the file as it was downloaded"
        )
    return int(back[0]) + 1 if len(back) else None

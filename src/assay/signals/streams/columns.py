"""Bars as the compiled steps see them: one row of floats a bar, prices in integer points."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from assay.model.errors import DataError
from assay.model.messages import BarClosed
from assay.model.time import SECOND
from assay.model.zones import zone_table

Float64s = NDArray[np.float64]
Int64s = NDArray[np.int64]

OPEN, HIGH, LOW, CLOSE, SPREAD, VOLUME, WALL = range(7)
"""Columns of a row; spread is that of the close, WALL the close in seconds on New York's clock."""

COLUMN_NAMES = ("open", "high", "low", "close", "spread", "volume", "wall")
ZONE = "America/New_York"
PRICE_MOST = 2**43
"""Points above this would make the sum of a thousand closes inexact."""


@dataclass(frozen=True, slots=True, eq=False)
class BarColumns:
    """Hold finished bars of one symbol in order; prices and spread in points, `ts_close` ns UTC.

    `volume` is None where the source has none; a single absent volume is NaN.
    """

    ts_close: Int64s
    open: Int64s
    high: Int64s
    low: Int64s
    close: Int64s
    spread: Int64s
    volume: Float64s | None = None

    def __len__(self) -> int:
        return len(self.ts_close)

    def cut(self, rows: slice | Int64s) -> BarColumns:
        """Return the bars of a slice or of these positions."""
        volume = None if self.volume is None else self.volume[rows]
        return BarColumns(
            self.ts_close[rows], self.open[rows], self.high[rows], self.low[rows],
            self.close[rows], self.spread[rows], volume,
        )  # fmt: skip

    def to_rows(self) -> Float64s:
        """Return the rows [bars, 7] for the compiled steps; raise DataError where they mislead."""
        if len(self) > 1 and not bool(np.all(np.diff(self.ts_close) > 0)):
            at = int(np.argmin(np.diff(self.ts_close) > 0)) + 1
            raise DataError(f"bar {at} does not close after the one before it; sort the bars")
        rows = np.empty((len(self), len(COLUMN_NAMES)))
        for index, name in enumerate(COLUMN_NAMES[:VOLUME]):
            rows[:, index] = getattr(self, name)
        if len(self) and np.abs(rows[:, : CLOSE + 1]).max() > PRICE_MOST:
            raise DataError(f"a price is beyond {PRICE_MOST} points; give the symbol fewer digits")
        rows[:, VOLUME] = np.nan if self.volume is None else self.volume
        rows[:, WALL] = zone_table(ZONE).to_wall(self.ts_close) // SECOND
        return rows


def write_row(bar: BarClosed, row: Float64s) -> None:
    """Write the row [7] of one finished bar."""
    starts, offsets = _clock()
    wall = bar.ts_event + offsets[bisect_right(starts, bar.ts_event) - 1]
    row[:] = (
        bar.open, bar.high, bar.low, bar.close, bar.spread_close,
        np.nan if bar.volume is None else bar.volume, wall // SECOND,
    )  # fmt: skip


@cache
def _clock() -> tuple[list[int], list[int]]:
    table = zone_table(ZONE)
    return table.starts.tolist(), table.offsets.tolist()

"""Bars as the compiled steps see them: one row of floats a bar, prices in integer points."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from assay.kernel.flow import ABSENT, FLOW_COLUMNS
from assay.model.errors import DataError
from assay.model.messages import BarClosed, QuoteFlow
from assay.model.time import SECOND
from assay.model.zones import zone_table

Float64s = NDArray[np.float64]
Int64s = NDArray[np.int64]

OPEN, HIGH, LOW, CLOSE, SPREAD, VOLUME, WALL = range(7)
"""Columns of a row; spread is that of the close, WALL the close in seconds on New York's clock."""

COLUMN_NAMES = ("open", "high", "low", "close", "spread", "volume", "wall")
WIDTH = len(COLUMN_NAMES) + len(FLOW_COLUMNS)
"""Columns of a row with what the quotes inside the bar did, which come behind the others."""

(
    QUOTES, MID_SQUARES, ORDER_FLOW, BID_DEPTH, ASK_DEPTH, BID_DEPTHS, ASK_DEPTHS,
) = range(len(COLUMN_NAMES), WIDTH)  # fmt: skip
ZONE = "America/New_York"
PRICE_MOST = 2**43
"""Points above this would make the sum of a thousand closes inexact."""


@dataclass(frozen=True, slots=True, eq=False)
class BarColumns:
    """Hold finished bars of one symbol in order; prices and spread in points, `ts_close` ns UTC.

    `volume` is None where the source has none; a single absent volume is NaN. `flow` [bars, 7] are
    the columns of assay.kernel.flow, None where nobody counted quotes.
    """

    ts_close: Int64s
    open: Int64s
    high: Int64s
    low: Int64s
    close: Int64s
    spread: Int64s
    volume: Float64s | None = None
    flow: Int64s | None = None

    def __len__(self) -> int:
        return len(self.ts_close)

    def cut(self, rows: slice | Int64s) -> BarColumns:
        """Return the bars of a slice or of these positions."""
        volume = None if self.volume is None else self.volume[rows]
        flow = None if self.flow is None else self.flow[rows]
        return BarColumns(
            self.ts_close[rows], self.open[rows], self.high[rows], self.low[rows],
            self.close[rows], self.spread[rows], volume, flow,
        )  # fmt: skip

    def to_rows(self, width: int = len(COLUMN_NAMES)) -> Float64s:
        """Return the rows [bars, width] for the compiled steps; raise DataError where they mislead.

        Those of WIDTH columns have the flow too.
        """
        if len(self) > 1 and not bool(np.all(np.diff(self.ts_close) > 0)):
            at = int(np.argmin(np.diff(self.ts_close) > 0)) + 1
            raise DataError(f"bar {at} does not close after the one before it; sort the bars")
        rows = np.empty((len(self), width))
        for index, name in enumerate(COLUMN_NAMES[:VOLUME]):
            rows[:, index] = getattr(self, name)
        if len(self) and np.abs(rows[:, : CLOSE + 1]).max() > PRICE_MOST:
            raise DataError(f"a price is beyond {PRICE_MOST} points; give the symbol fewer digits")
        rows[:, VOLUME] = np.nan if self.volume is None else self.volume
        rows[:, WALL] = zone_table(ZONE).to_wall(self.ts_close) // SECOND
        if width > QUOTES:
            rows[:, QUOTES:] = np.nan
        if width > QUOTES and self.flow is not None:
            np.copyto(rows[:, QUOTES:], self.flow, where=self.flow != ABSENT)
        return rows


def write_row(bar: BarClosed, row: Float64s) -> None:
    """Write the row [7] of one finished bar."""
    starts, offsets = _clock()
    wall = bar.ts_event + offsets[bisect_right(starts, bar.ts_event) - 1]
    row[:] = (
        bar.open, bar.high, bar.low, bar.close, bar.spread_close,
        np.nan if bar.volume is None else bar.volume, wall // SECOND,
    )  # fmt: skip


def write_flow(bar: BarClosed, row: Float64s) -> None:
    """Write the flow [7] of one finished bar, NaN where it tells none."""
    told = bar.flow
    if not isinstance(told, QuoteFlow):
        row[:] = np.nan
        return
    values = (getattr(told, name) for name in FLOW_COLUMNS)
    row[:] = [np.nan if value is None else value for value in values]


@cache
def _clock() -> tuple[list[int], list[int]]:
    table = zone_table(ZONE)
    return table.starts.tolist(), table.offsets.tolist()

"""Fold bars into longer ones of one instrument, by the calendar that all longer bars follow."""

from __future__ import annotations

import numpy as np

from assay.kernel.compiling import allocation_free
from assay.model.calendar import bar_close, bar_open
from assay.model.time import SECOND, Timeframe
from assay.model.zones import zone_table
from assay.signals.streams.columns import (
    CLOSE,
    COLUMN_NAMES,
    HIGH,
    LOW,
    SPREAD,
    VOLUME,
    WALL,
    ZONE,
    Float64s,
    Int64s,
)

END, HELD, ROW = range(3)
"""A bar in the making: its end (s UTC), whether there is one, and its row as steps see it."""
OPEN_BAR = ROW + len(COLUMN_NAMES)
ENDS, ENDS_ON_WALL, CLOSES = range(3)
"""Columns of marks, all in seconds: the longer bar's end, that on New York's clock, the close."""


def mark_bars(closes: Int64s, timeframe: int, longer: int) -> Float64s:
    """Return the marks [n, 3] of bars by their closes (ns UTC) and both lengths (ns)."""
    length = Timeframe(longer)
    ends = bar_close(bar_open(closes - timeframe, length), length)
    wall = zone_table(ZONE).to_wall(ends)
    return (np.column_stack((ends, wall, closes)) // SECOND).astype(np.float64)


@allocation_free
def hold_bar(open_bar, bar, marks):  # type: ignore[no-untyped-def]
    """Take a bar into the longer one in the making, or begin that with it."""
    row = open_bar[ROW:]
    if open_bar[HELD] == 0:
        open_bar[END], open_bar[HELD] = marks[ENDS], 1.0
        for k in range(WALL):
            row[k] = bar[k]
        row[WALL] = marks[ENDS_ON_WALL]
        return
    row[HIGH], row[LOW] = max(row[HIGH], bar[HIGH]), min(row[LOW], bar[LOW])
    row[CLOSE], row[SPREAD] = bar[CLOSE], bar[SPREAD]
    row[VOLUME] += bar[VOLUME]


@allocation_free
def close_bar(open_bar, closed):  # type: ignore[no-untyped-def]
    """Write the row of the bar in the making, which is over."""
    for k in range(len(closed)):
        closed[k] = open_bar[ROW + k]
    open_bar[HELD] = 0.0


@allocation_free
def fold_bars(open_bar, marks, bars, closed, seen):  # type: ignore[no-untyped-def]
    """Fold bars [n, 7] and return how many longer ones closed; write those into closed [m, 7].

    A longer bar closes with the bar that reaches its end, or before the first that lies beyond.
    Into seen [n] goes how many had closed by the close of each bar.
    """
    count = 0
    for t in range(len(bars)):
        if open_bar[HELD] != 0 and open_bar[END] != marks[t, ENDS]:
            close_bar(open_bar, closed[count])
            count += 1
        hold_bar(open_bar, bars[t], marks[t])
        if marks[t, CLOSES] >= open_bar[END]:
            close_bar(open_bar, closed[count])
            count += 1
        seen[t] = count
    return count

"""Formations of swings and the close that leaves them, which confirms them.

Shapes are those of A. Lo, H. Mamaysky, J. Wang, Foundations of technical analysis, Journal of
Finance 55(4), 2000, with tolerances beside the height of the formation, as a share of the price
says nothing of a minute. A break counts at the first close beyond the line since the newest swing
was known, whatever happened before that.
"""

from __future__ import annotations

from assay.kernel.compiling import allocation_free
from assay.signals.recognition.swings import REACH, line_at, mean_range
from assay.signals.streams.columns import CLOSE

TOLERANCE = 0.25
"""Of the height, by which what should be equal may differ."""
HEIGHT_LEAST = 3.0
"""Of a formation, in mean ranges of its bars."""


@allocation_free
def find_double(bars, t, swings, side):  # type: ignore[no-untyped-def]
    """Return the bars of a double bottom (side 1) or top (-1) that this close confirms, else 0.

    Two extremes at one level, reached from beyond the neck between them; the close is past it.
    """
    if swings[0, 0] < 4 or swings[0, 1] != -side:
        return 0
    neck, first = side * swings[2, 1], int(swings[3, 0])
    late, early = side * swings[1, 1], side * swings[3, 1]
    height = neck - 0.5 * (late + early)
    if abs(late - early) > TOLERANCE * height or side * swings[4, 1] <= neck:
        return 0
    if height < HEIGHT_LEAST * mean_range(bars, first, t) or side * bars[t, CLOSE] <= neck:
        return 0
    for k in range(int(swings[1, 0]) + REACH, t):
        if side * bars[k, CLOSE] > neck:
            return 0
    return t + 1 - first


@allocation_free
def find_head(bars, t, swings, side):  # type: ignore[no-untyped-def]
    """Return the bars of a head and shoulders (side -1) or its inverse (1), else 0.

    Shoulders and necks are level, the head stands out; the close is past the line of the necks.
    """
    if swings[0, 0] < 5 or swings[0, 1] != -side:
        return 0
    right, head, left = side * swings[1, 1], side * swings[3, 1], side * swings[5, 1]
    late, early = side * swings[2, 1], side * swings[4, 1]
    height, first = 0.5 * (late + early) - head, int(swings[5, 0])
    if head >= right or head >= left or abs(right - left) > TOLERANCE * height:
        return 0
    if abs(late - early) > TOLERANCE * height:
        return 0
    if height < HEIGHT_LEAST * mean_range(bars, first, t):
        return 0
    for k in range(int(swings[1, 0]) + REACH, t + 1):
        is_past = side * bars[k, CLOSE] > side * line_at(swings, 4, 2, k)
        if is_past != (k == t):
            return 0
    return t + 1 - first


@allocation_free
def widths(bars, t, swings):  # type: ignore[no-untyped-def]
    """Return how wide the lines through the last four swings are at the oldest and at bar t.

    Both are 0 where there are too few swings, or where they are too flat for their bars.
    """
    if swings[0, 0] < 4:
        return 0.0, 0.0
    first = int(swings[4, 0])
    begin = swings[0, 1] * (line_at(swings, 3, 1, first) - swings[4, 1])
    end = swings[0, 1] * (line_at(swings, 3, 1, t) - line_at(swings, 4, 2, t))
    if begin < HEIGHT_LEAST * mean_range(bars, first, t):
        return 0.0, 0.0
    return begin, end


@allocation_free
def find_leaving(bars, t, swings):  # type: ignore[no-untyped-def]
    """Return the bars of the lines through the last four swings, signed by the side left, else 0.

    The first close outside since the newest swing was known is the break.
    """
    highs, lows = (1, 2) if swings[0, 1] > 0 else (2, 1)
    for k in range(int(swings[1, 0]) + REACH, t):
        is_over = bars[k, CLOSE] > line_at(swings, highs + 2, highs, k)
        if is_over or bars[k, CLOSE] < line_at(swings, lows + 2, lows, k):
            return 0
    covered = t + 1 - int(swings[4, 0])
    if bars[t, CLOSE] > line_at(swings, highs + 2, highs, t):
        return covered
    return -covered if bars[t, CLOSE] < line_at(swings, lows + 2, lows, t) else 0

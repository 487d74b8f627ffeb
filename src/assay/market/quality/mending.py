"""Two sources of one market side by side, and holes filled from the other or by a straight line."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from assay.kernel.flow import ABSENT
from assay.market.quality.gaps import find_gaps
from assay.market.series import (
    ASK_COLUMNS,
    BID_COLUMNS,
    BarSeries,
    Int64s,
    concatenate,
    rescale,
)
from assay.model.calendar import is_in_session
from assay.model.errors import DataError, UsageError
from assay.model.instruments import instrument_for
from assay.model.time import HOUR

COMMON_LEAST = 100
"""Bars of both sources from which their agreement is told."""
SHIFTS_H = 12


class Comparison(NamedTuple):
    """Hold how two series of bars agree: counts of bars, and points between their closes.

    `range_points` is the median of high less low. `shift_h` is by how many hours the second lies
    later than where it fits best: 0 unless it fits twice as well there.
    """

    common: int
    only_first: int
    only_second: int
    median_points: float
    p99_points: float
    range_points: float
    shift_h: int

    @property
    def agrees(self) -> bool:
        """Say whether both tell the same market: they differ by less than it moves in a bar."""
        return (
            self.common >= COMMON_LEAST
            and self.shift_h == 0
            and self.median_points <= self.range_points
        )


class Mended(NamedTuple):
    """Hold a series without the holes that could be filled, and the opens (ns) of what was put in.

    `taken` are bars of another source, `made` those of a straight line, `left` are still missing.
    """

    series: BarSeries
    taken: Int64s
    made: Int64s
    left: Int64s


def compare_series(first: BarSeries, second: BarSeries) -> Comparison:
    """Compare bars of one symbol, length and side; raise UsageError for others."""
    for name in ("symbol", "timeframe", "side"):
        if getattr(first, name) != getattr(second, name):
            raise UsageError(
                f"{first.source} has {name} {getattr(first, name)} and {second.source} "
                f"{getattr(second, name)}; compare those that have the same"
            )
    first, second = _alike(first, second)
    apart = _departures(first, second, 0)
    shifts = {hours: _departures(first, second, hours * HOUR) for hours in _shifts()}
    fits = {h: np.median(found) for h, found in shifts.items() if len(found) >= COMMON_LEAST}
    best = min(fits, key=lambda hours: fits[hours], default=0)
    is_shifted = len(apart) < COMMON_LEAST or 2 * fits.get(best, np.inf) < np.median(apart)
    return Comparison(
        common=len(apart), only_first=len(first) - len(apart), only_second=len(second) - len(apart),
        median_points=float(np.median(apart)) if len(apart) else 0.0,
        p99_points=float(np.quantile(apart, 0.99)) if len(apart) else 0.0,
        range_points=float(np.median(first.high - first.low)) if len(first) else 0.0,
        shift_h=best if is_shifted else 0,
    )  # fmt: skip


def mend(series: BarSeries, other: BarSeries | None, *, longest: int = 0) -> Mended:
    """Fill the holes of the session: from another source that agrees, then by straight lines.

    Only holes of at most `longest` ns are drawn over; where both sides have nothing, nothing is
    made. Raises DataError for another source that tells another market.
    """
    taken = made = np.zeros(0, dtype=np.int64)
    if other is not None:
        found = compare_series(series, other)
        if not found.agrees:
            raise DataError(
                f"{other.source} does not tell the market of {series.source}: {found.common} bars "
                f"in common, {found.median_points:g} points apart where a bar spans "
                f"{found.range_points:g}, shifted by {found.shift_h} h; nothing was taken"
            )
        series, other = _alike(series, other)
        there = other.select(np.isin(other.ts_open, missing_opens(series)))
        taken = there.ts_open
        series = _joined(series, there)
    if longest > 0:
        drawn = _draw(series, longest)
        made = drawn.ts_open
        series = _joined(series, drawn)
    return Mended(series, taken, made, missing_opens(series))


def missing_opens(series: BarSeries, longest: int | None = None) -> Int64s:
    """Return the opens of bars that the session's holes lack, all or of those up to `longest`."""
    length = int(series.timeframe)
    found = [
        np.arange(begin, end, length)
        for begin, end, missed in find_gaps(series).tolist()
        if longest is None or missed <= longest
    ]
    opens = np.concatenate([np.zeros(0, dtype=np.int64), *found])
    try:
        return opens[is_in_session(instrument_for(series.symbol), opens)]
    except UsageError:
        return opens


def _draw(series: BarSeries, longest: int) -> BarSeries:
    """Return bars on the line from the close before each hole to the open after it."""
    opens = missing_opens(series, longest)
    after = np.searchsorted(series.ts_open, opens)
    # A hole's bars have the same bar after them; each is so many of so many steps along.
    step = np.arange(len(opens)) - np.searchsorted(after, after)
    steps = np.searchsorted(after, after, side="right") - np.searchsorted(after, after)
    rows = series.select(after)
    columns: dict[str, np.ndarray] = {}
    sides = (BID_COLUMNS,) if series.ask_open is None else (BID_COLUMNS, ASK_COLUMNS)
    for begin, high, low, end in sides:
        start, reach = getattr(series, end)[after - 1], getattr(series, begin)[after]
        along = (reach - start) / np.maximum(steps, 1)
        columns[begin] = np.rint(start + along * step).astype(np.int64)
        columns[end] = np.rint(start + along * (step + 1)).astype(np.int64)
        columns[high] = np.maximum(columns[begin], columns[end])
        columns[low] = np.minimum(columns[begin], columns[end])
    if series.volume is not None:
        columns["volume"] = np.zeros(len(opens))
    if series.flow is not None:
        columns["flow"] = np.full((len(opens), series.flow.shape[1]), ABSENT)
    return replace(rows, ts_open=opens, fold=np.zeros(len(opens), dtype=np.bool_), **columns)


def _joined(series: BarSeries, more: BarSeries) -> BarSeries:
    if not len(more):
        return series
    whole = concatenate([series, more])
    return whole.select(np.argsort(whole.ts_open, kind="stable"))


def _alike(first: BarSeries, second: BarSeries) -> tuple[BarSeries, BarSeries]:
    digits = max(first.digits, second.digits)
    scaled = rescale(first, digits), rescale(second, digits)
    assert isinstance(scaled[0], BarSeries)
    assert isinstance(scaled[1], BarSeries)
    return scaled[0], scaled[1]


def _departures(first: BarSeries, second: BarSeries, shift: int) -> Int64s:
    """Return how far (points) closes of the same bars lie apart, the second moved back by ns."""
    _, ours, theirs = np.intersect1d(
        first.ts_open, second.ts_open - shift, assume_unique=True, return_indices=True
    )
    return np.abs(first.close[ours] - second.close[theirs])


def _shifts() -> list[int]:
    return [hours for hours in range(-SHIFTS_H, SHIFTS_H + 1) if hours]

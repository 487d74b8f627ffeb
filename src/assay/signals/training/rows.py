"""The rows that a training learns from, pooled over instruments, in the order of time."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from assay.signals.labels import (
    LONG,
    NEITHER,
    UNKNOWN,
    Booked,
    Marks,
    classify,
    uniqueness,
    went_up,
)
from assay.signals.models import Examples, Features, Windows

Int64s = NDArray[np.int64]
SOON = 4
"""The part of the horizon that models learn on is one in so many."""


def soon_of(horizon: int) -> int:
    """Return the bars that models learn the direction over."""
    return max(1, horizon // SOON)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Hold labelled bars: `time` is the close, `end` when the label was known (both ns UTC).

    `up` is the direction over the horizon, `up_soon` that over a quarter of it (see label_rows).
    `stop` (points) is the distance the payoffs are measured in; `long_points` and `short_points`
    are price gained before the spread. Families of several bars learn from rows whose features are
    windows; those are neither pooled nor kept in files. With a label that is no bracket `up` and
    `up_soon` are whether the outcome was LONG, and all of a bracket is 0: nobody booked one.
    """

    time: Int64s
    end: Int64s
    symbol: Int64s
    features: Features
    outcome: NDArray[np.int8]
    up: NDArray[np.int8]
    up_soon: NDArray[np.int8]
    weight: NDArray[np.float64]
    long_net: Int64s
    short_net: Int64s
    long_points: Int64s
    short_points: Int64s
    stop: Int64s

    def __len__(self) -> int:
        return len(self.time)

    def take(self, chosen: NDArray[np.bool_] | Int64s) -> Rows:
        """Return the chosen rows."""
        return Rows(**{each.name: getattr(self, each.name)[chosen] for each in fields(self)})

    def seen(self, columns: tuple[int, ...] | None) -> Rows:
        """Return the rows with these features alone, all others NaN; all of them for None."""
        if columns is None:
            return self
        whole = self.features.rows if isinstance(self.features, Windows) else self.features
        shown = np.full_like(whole, np.nan)
        shown[:, columns] = whole[:, columns]
        if isinstance(self.features, Windows):
            return replace(self, features=replace(self.features, rows=shown))
        return replace(self, features=shown)

    def examples(self) -> Examples:
        """Return what a model family learns from."""
        return Examples(self.features, self.up_soon, self.weight)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bars:
    """Hold one instrument's bars as labels need them.

    `close_time` is ns UTC, the bid `close` and `spread` points, `mid` half points.
    """

    close_time: Int64s
    close: Int64s
    mid: Int64s
    spread: Int64s
    features: NDArray[np.float32]
    settled: NDArray[np.bool_]


def label_rows(
    bars: Bars, rows: Int64s, booked: Booked, stop: Int64s, *, symbol: int, horizon: int
) -> Rows:
    """Return the labelled rows among `rows`; those without an outcome yet are left out.

    What foretells fades: most of it shows in the first quarter of the horizon, while what follows
    is mostly noise. So models learn the direction over that quarter, which says about twice as
    much a row, and are calibrated on the direction over the whole horizon.
    """
    outcome, up = classify(booked), went_up(bars.mid, horizon)[rows]
    soon = went_up(bars.mid, soon_of(horizon))[rows]
    known = (outcome != UNKNOWN) & (up != UNKNOWN) & (stop > 0) & bars.settled[rows]
    rows, stop = rows[known], stop[known]
    taken = Booked(*(column[known] for column in booked))
    last = np.maximum(taken.end, np.minimum(rows + horizon, len(bars.mid) - 1))
    spread = bars.spread[rows]
    return Rows(
        time=bars.close_time[rows], end=bars.close_time[last],
        symbol=np.full(len(rows), symbol), features=bars.features[rows], outcome=outcome[known],
        up=up[known], up_soon=soon[known], weight=uniqueness(rows, last), long_net=taken.long_net,
        short_net=taken.short_net, long_points=taken.long_points + spread,
        short_points=taken.short_points + spread, stop=stop,
    )  # fmt: skip


def mark_rows(bars: Bars, rows: Int64s, marks: Marks, *, symbol: int) -> Rows:
    """Return the rows among `rows` that a label without a bracket tells the outcome of.

    Models learn the outcome itself, not that of a part of the horizon.
    """
    rows = rows[(marks.outcome[rows] != UNKNOWN) & bars.settled[rows]]
    last, outcome = marks.end[rows], marks.outcome[rows]
    none = np.zeros(len(rows), dtype=np.int64)
    up = (outcome == LONG).astype(np.int8)
    return Rows(
        time=bars.close_time[rows], end=bars.close_time[last], symbol=np.full(len(rows), symbol),
        features=bars.features[rows], outcome=outcome, up=up, up_soon=up,
        weight=uniqueness(rows, last), long_net=none, short_net=none, long_points=none,
        short_points=none, stop=none,
    )  # fmt: skip


def decided(rows: Rows) -> Rows:
    """Return the rows whose label was answered one way or the other."""
    return rows.take(rows.outcome != NEITHER)


def pool(parts: list[Rows]) -> Rows:
    """Return the rows of all instruments in the order of time, then instrument."""
    joined = {
        each.name: np.concatenate([getattr(part, each.name) for part in parts])
        for each in fields(Rows)
    }
    order = np.lexsort((joined["symbol"], joined["time"]))
    return Rows(**{name: column[order] for name, column in joined.items()})

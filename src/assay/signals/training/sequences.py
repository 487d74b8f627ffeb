"""What families of several bars learn from: windows of bars, and fewer rows of more to say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from assay.signals.labels import choose_events, uniqueness
from assay.signals.models import Examples, Family, Windows, narrow_windows, whole_windows
from assay.signals.training.rows import Bars, Rows

Int64s = NDArray[np.int64]
STOP_PART = 10
"""Where rows are sampled, those to stop by are this part of those to fit on, or fewer."""


def cut_windows(rows: Rows, bars: Sequence[Bars], length: int) -> Rows:
    """Return rows whose features are windows of so many bars; what lacks settled ones is left out.

    `bars` are those of each instrument, by its number, with the features of the rows.
    """
    begins = np.cumsum([0, *(len(one.close_time) for one in bars)])
    place = _places(rows.time, rows.symbol, bars) + begins[rows.symbol]
    whole = np.concatenate([whole_windows(one.settled, length) for one in bars])[place]
    shared = np.concatenate([one.features for one in bars]) if len(bars) > 1 else bars[0].features
    return replace(rows.take(whole), features=Windows(shared, place[whole], length))


def sample_rows(rows: Rows, bars: Sequence[Bars], most: int) -> Rows:
    """Return at most so many rows, those at which the mid has moved, weighted by uniqueness.

    By the CUSUM filter of each instrument's log mid from row to row; weights are those among the
    rows that are left. Where rows are few enough, all stay as they are.
    """
    if len(rows) <= most:
        return rows
    places = _places(rows.time, rows.symbol, bars)
    mine = [np.flatnonzero(rows.symbol == number) for number in range(len(bars))]
    levels = [np.log(one.mid[places[at]]) for one, at in zip(bars, mine, strict=True)]
    kept = [at[found] for at, found in zip(mine, choose_events(levels, most), strict=True)]
    weight = np.zeros(len(rows))
    for one, at in zip(bars, kept, strict=True):
        weight[at] = uniqueness(places[at], np.searchsorted(one.close_time, rows.end[at]))
    return replace(rows, weight=weight).take(np.sort(np.concatenate(kept)))


def choose_examples(
    family: Family, fit: Rows, stop: Rows, bars: Sequence[Bars]
) -> tuple[Examples, Examples]:
    """Return what a family fits on and stops by: windows as long as it reads, as many as it takes.

    The rows' windows are at least as long; `bars` as in sample_rows.
    """
    found = [
        replace(rows, features=narrow_windows(rows.features, family.window)) for rows in (fit, stop)
    ]
    if family.rows_most is not None:
        mosts = (family.rows_most, family.rows_most // STOP_PART)
        found = [sample_rows(rows, bars, most) for rows, most in zip(found, mosts, strict=True)]
    return found[0].examples(), found[1].examples()


def _places(times: Int64s, symbol: Int64s, bars: Sequence[Bars]) -> Int64s:
    found = np.zeros(len(times), dtype=np.int64)
    for number, one in enumerate(bars):
        mine = symbol == number
        found[mine] = np.searchsorted(one.close_time, times[mine])
    return found

"""Returns of several instruments over the same intervals, and who was missing where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assay.model.errors import DataError, UsageError
from assay.signals.features.leaders import STALE_BARS, is_fresh

Float64s = NDArray[np.float64]
Int64s = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Closes:
    """Hold the closes of one instrument's bars: when (ns UTC, increasing) and at which price."""

    symbol: str
    times: Int64s
    prices: Float64s


@dataclass(frozen=True, slots=True)
class Coverage:
    """Count what the instruments share between the latest first and the earliest last close.

    `closes` are those at which anybody closed a bar, `shared` those at which everybody did, and
    `absent` those at which one did not, by symbol. Of the returns from one close to the next,
    `after_absence` were left out because somebody lacks an end, `after_pause` because the two
    closes lie STALE_BARS bar lengths apart or more.
    """

    closes: int
    shared: int
    absent: Mapping[str, int]
    after_absence: int
    after_pause: int


@dataclass(frozen=True, slots=True)
class Returns:
    """Hold log returns [rows, symbols] of equal intervals, each by the close that ends it (ns UTC).

    `position` numbers the closes of anybody, so that rows follow each other where it grows by 1.
    """

    symbols: tuple[str, ...]
    times: Int64s
    position: Int64s
    values: Float64s
    coverage: Coverage

    def __len__(self) -> int:
        return len(self.times)


def align_returns(series: Sequence[Closes], timeframe: int) -> Returns:
    """Return the returns over intervals whose both ends every instrument closed a bar at.

    Nothing is filled in: where one instrument lacks a close, the returns to and from it are left
    out for all, and counted. So are those over a pause of STALE_BARS bar lengths (`timeframe`, ns)
    or longer, whose size is of another kind. A row depends on two closes alone, so later bars
    change none. Raises UsageError for fewer than two instruments, one given twice, or no time in
    common, DataError for a price that is not above 0.
    """
    symbols = tuple(one.symbol for one in series)
    if len(set(symbols)) < max(len(symbols), 2):
        raise UsageError(
            f"correlations need two instruments or more, each once; given {', '.join(symbols)}"
        )
    for one in series:
        if len(one.prices) and not one.prices.min() > 0:
            raise DataError(f"{one.symbol} has a price of {one.prices.min():g}; returns need > 0")
    times = _shared_span(series)
    logs = np.full((len(times), len(series)), np.nan)
    for column, one in enumerate(series):
        at = np.searchsorted(times, one.times)
        known = at < len(times)
        known[known] = times[at[known]] == one.times[known]
        logs[at[known], column] = np.log(one.prices[known])
    is_there = ~np.isnan(logs)
    everybody = is_there.all(axis=1)
    both = everybody[1:] & everybody[:-1]
    near = np.diff(times) < STALE_BARS * timeframe
    rows = np.flatnonzero(both & near) + 1
    coverage = Coverage(
        closes=len(times),
        shared=int(everybody.sum()),
        absent=dict(zip(symbols, (~is_there).sum(axis=0).tolist(), strict=True)),
        after_absence=int((~both).sum()),
        after_pause=int((both & ~near).sum()),
    )
    return Returns(symbols, times[rows], rows, logs[rows] - logs[rows - 1], coverage)


def _shared_span(series: Sequence[Closes]) -> Int64s:
    """Return the closes of anybody within the time that all cover."""
    empty = [one.symbol for one in series if not len(one.times)]
    if empty:
        raise UsageError(f"{', '.join(empty)} has no bars; give another file or span")
    first = max(series, key=lambda one: int(one.times[0]))
    last = min(series, key=lambda one: int(one.times[-1]))
    start, end = int(first.times[0]), int(last.times[-1])
    if start >= end:
        raise UsageError(
            f"{first.symbol} begins after {last.symbol} ends; give files of the same time"
        )
    times = np.unique(np.concatenate([one.times for one in series]))
    return np.asarray(times[(times >= start) & (times <= end)], dtype=np.int64)


class ReturnStream:
    """Say the rows of `align_returns` while bars close, in order of time, one by one.

    It may not know yet that somebody is missing, so a row comes with the last of its closes.
    """

    def __init__(self, symbols: Sequence[str], timeframe: int) -> None:
        self._place = {symbol: column for column, symbol in enumerate(symbols)}
        self._timeframe, self._now = timeframe, 0
        self._logs = self._nothing()
        self._before: tuple[int, Float64s] | None = None

    def _nothing(self) -> Float64s:
        return np.full(len(self._place), np.nan)

    def push(self, symbol: str, time: int, price: float) -> Float64s | None:
        """Take a close; return the returns [symbols] that it completes, None where it does not.

        A price that is not above 0 counts as absent, and so does a close of a time gone by.
        """
        if time > self._now:
            is_whole = not np.isnan(self._logs).any()
            self._before = (self._now, self._logs) if is_whole else None
            self._now, self._logs = time, self._nothing()
        if time < self._now or not price > 0:
            return None
        self._logs[self._place[symbol]] = np.log(price)
        if self._before is None or np.isnan(self._logs).any():
            return None
        closed, logs = self._before
        return self._logs - logs if is_fresh(closed, time, self._timeframe) else None

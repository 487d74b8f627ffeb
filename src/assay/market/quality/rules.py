"""The rules: each returns True for the rows it rejects. All vectorised, in the file's order."""

from __future__ import annotations

import numpy as np

from assay.market.series import (
    ASK_COLUMNS,
    BID_COLUMNS,
    BarSeries,
    Bools,
    Float64s,
    Int64s,
    Series,
    TickSeries,
    price_columns,
)
from assay.model.calendar import is_in_session
from assay.model.errors import UsageError
from assay.model.instruments import instrument_for

SPIKE_WINDOW = 64
TICK_SPIKE_SCALES, TICK_SPIKE_SHARE = 30.0, 0.002
BAR_SPIKE_SCALES, BAR_SPIKE_SHARE = 20.0, 0.005
RETURNED_SHARE = 0.1
"""A spike returns at once: the row after lies within a tenth of the leap of the row before."""


def reject_non_positive(series: Series) -> Bools:
    """Reject rows with a price of zero or less, or a negative size."""
    bad = np.zeros(len(series), dtype=np.bool_)
    for name in price_columns(series):
        bad |= getattr(series, name) <= 0
    names = ("volume",) if isinstance(series, BarSeries) else ("bid_size", "ask_size")
    for name in names:
        column = getattr(series, name)
        if column is not None:
            bad |= column < 0
    return bad


def reject_inconsistent(series: Series) -> Bools:
    """Reject bars whose high or low does not span their open and close."""
    bad = np.zeros(len(series), dtype=np.bool_)
    if isinstance(series, BarSeries):
        sides = (BID_COLUMNS,) if series.ask_open is None else (BID_COLUMNS, ASK_COLUMNS)
        for side in sides:
            begin, high, low, end = (getattr(series, name) for name in side)
            bad |= (high < np.maximum(begin, end)) | (low > np.minimum(begin, end))
    return bad


def reject_crossed(series: Series) -> Bools:
    """Reject quotes whose bid is above the ask, and quote bars that open or close so."""
    if isinstance(series, TickSeries):
        return np.asarray(series.bid > series.ask)
    if series.ask_open is None or series.ask_close is None:
        return np.zeros(len(series), dtype=np.bool_)
    return np.asarray((series.open > series.ask_open) | (series.close > series.ask_close))


def reject_disorder(time: Int64s) -> Bools:
    """Reject rows whose time lies before that of a row above; a lone leap ahead goes instead.

    >>> reject_disorder(np.array([1, 2, 9, 3, 4, 2])).nonzero()[0].tolist()
    [2, 5]
    """
    bad = np.zeros(len(time), dtype=np.bool_)
    if len(time) > 2:
        leap = (time[1:-1] > time[2:]) & (time[2:] >= time[:-2])
        leap[:-1] &= time[1:-2] > time[3:]
        bad[1:-1] = leap
    kept = np.flatnonzero(~bad)
    reach = np.maximum.accumulate(time[kept]) if len(kept) else time[kept]
    bad[kept] = time[kept] < reach
    return bad


def reject_repeated(series: Series) -> Bools:
    """Reject a bar of the time before it, and a tick equal to the one before it in everything."""
    bad = np.zeros(len(series), dtype=np.bool_)
    if isinstance(series, BarSeries):
        bad[1:] = series.ts_open[1:] == series.ts_open[:-1]
        return bad
    same = series.ts[1:] == series.ts[:-1]
    for column in (series.bid, series.ask, series.bid_size, series.ask_size):
        if column is not None:
            same &= column[1:] == column[:-1]
    bad[1:] = same
    return bad


def reject_empty(series: Series) -> Bools:
    """Reject candles without a tick that a source draws while the market is closed."""
    bad = np.zeros(len(series), dtype=np.bool_)
    if not isinstance(series, BarSeries) or series.volume is None:
        return bad
    try:
        instrument = instrument_for(series.symbol)
    except UsageError:
        return bad
    flat = (series.volume == 0) & (series.high == series.low)
    last = series.ts_open + int(series.timeframe) - 1
    closed = ~is_in_session(instrument, series.ts_open) & ~is_in_session(instrument, last)
    return np.asarray(flat & closed)


def reject_spikes(series: Series) -> Bools:
    """Reject prices that leap far beyond the local scale and return at once.

    A shock moves the price and leaves it there, or takes several rows to come back: it stays.
    """
    if len(series) < 5:
        return np.zeros(len(series), dtype=np.bool_)
    if isinstance(series, TickSeries):
        bad = np.zeros(len(series), dtype=np.bool_)
        for column in (series.bid, series.ask):
            bad |= _leaps(column.astype(np.float64))
        return bad
    return _bar_spikes(series)


def _leaps(price: Float64s) -> Bools:
    before, leap, back = _around(price)
    scale = local_scale(np.abs(np.diff(price, prepend=price[0])))
    far = np.abs(leap) > np.maximum(TICK_SPIKE_SCALES * scale, TICK_SPIKE_SHARE * before)
    return far & (np.abs(back) < RETURNED_SHARE * np.abs(leap))


def _bar_spikes(series: BarSeries) -> Bools:
    """Reject whole bars off the level of their neighbours, and lone wicks that leave no trace."""
    close = series.close.astype(np.float64)
    before, leap, back = _around(close)
    scale = local_scale(np.maximum(np.abs(leap), series.high - series.low))
    limit = np.maximum(BAR_SPIKE_SCALES * scale, BAR_SPIKE_SHARE * before)
    bad = (np.abs(leap) > limit) & (np.abs(back) < RETURNED_SHARE * np.abs(leap))
    floor, ceiling = np.minimum(series.open, series.close), np.maximum(series.open, series.close)
    body = ceiling - floor
    for wick in (floor - series.low, series.high - ceiling):
        lone = wick > np.maximum(BAR_SPIKE_SCALES * scale, 2 * BAR_SPIKE_SHARE * before)
        bad |= lone & (body < RETURNED_SHARE * wick) & (np.abs(back) < RETURNED_SHARE * wick)
    return np.asarray(bad)


def _around(price: Float64s) -> tuple[Float64s, Float64s, Float64s]:
    """Return the price before each row, the leap from it, and what is left of the leap after."""
    before = np.concatenate([price[:1], price[:-1]])
    after = np.concatenate([price[1:], price[-1:]])
    back = after - before
    back[0] = back[-1] = np.inf
    return before, price - before, back


def local_scale(sizes: Float64s) -> Float64s:
    """Return a usual size around each row: the median of those above zero in blocks of 64.

    Each row takes the larger of its own block's median and its neighbours', so that a quiet
    block beside a busy one does not call the busy one's first steps spikes.
    """
    blocks = -(-len(sizes) // SPIKE_WINDOW)
    padded = np.full(blocks * SPIKE_WINDOW, np.nan)
    padded[: len(sizes)] = np.where(sizes > 0, sizes, np.nan)
    grid = np.sort(padded.reshape(blocks, SPIKE_WINDOW), axis=1)
    moved = np.count_nonzero(~np.isnan(grid), axis=1)
    middle = grid[np.arange(blocks), np.maximum(moved - 1, 0) // 2]
    median = np.where(moved > 0, middle, 1.0)
    edges = np.pad(median, 1, mode="edge")
    widest = np.maximum(np.maximum(edges[:-2], edges[2:]), median)
    return np.repeat(widest, SPIKE_WINDOW)[: len(sizes)]

"""Series to messages in the order (ts_event, class, instrument, sequence)."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from msgspec import UNSET

from assay.market.bars.flow import to_message
from assay.market.series import BarSeries, Int64s, Series, TickSeries
from assay.model.calendar import NEW_YORK_CLOSE, Rollover, bar_close
from assay.model.messages import BarClosed, Tick

TICK_CLASS, HIGHER_BAR_CLASS, BASE_BAR_CLASS = 2, 3, 4
CHUNK_ROWS = 4096

Key = tuple[int, int, int, str, int]


def replay_events(
    series: Sequence[Series],
    next_id: Callable[[], int],
    rollover: Rollover = NEW_YORK_CLOSE,
) -> Iterator[Tick | BarClosed]:
    """Yield every row as its message: a tick at its time, a bar at its close.

    At one instant ticks go first, then bars from the longest timeframe to the shortest, each by
    symbol; `ts_init` is `ts_event`, so that a replay makes the same messages every time.
    """
    ticked = {item.symbol for item in series if isinstance(item, TickSeries)}
    streams = [_keyed_rows(item, place, rollover) for place, item in enumerate(series)]
    makers = [_maker(item, next_id, has_ticks=item.symbol in ticked) for item in series]
    for key, place, row in heapq.merge(*streams):
        yield makers[place](row, key[0])


def _keyed_rows(series: Series, place: int, rollover: Rollover) -> Iterator[tuple[Key, int, int]]:
    if isinstance(series, TickSeries):
        times, order, length = series.ts, TICK_CLASS, 0
    else:
        times, length = bar_close(series.ts_open, series.timeframe, rollover), series.timeframe
        order = HIGHER_BAR_CLASS
    for start in range(0, len(times), CHUNK_ROWS):
        for row, ts in enumerate(times[start : start + CHUNK_ROWS].tolist(), start):
            yield (ts, order, -int(length), series.symbol, row), place, row


def _maker(
    series: Series, next_id: Callable[[], int], *, has_ticks: bool
) -> Callable[[int, int], Tick | BarClosed]:
    if isinstance(series, TickSeries):
        return _tick_maker(series, next_id)
    return _bar_maker(series, next_id, has_ticks=has_ticks)


def _tick_maker(series: TickSeries, next_id: Callable[[], int]) -> Callable[[int, int], Tick]:
    bid_size, ask_size = series.bid_size, series.ask_size

    def make(row: int, ts: int) -> Tick:
        return Tick(
            id=next_id(), ts_event=ts, ts_init=ts, symbol=series.symbol,
            bid=int(series.bid[row]), ask=int(series.ask[row]),
            bid_size=None if bid_size is None else float(bid_size[row]),
            ask_size=None if ask_size is None else float(ask_size[row]),
        )  # fmt: skip

    return make


def _bar_maker(
    series: BarSeries, next_id: Callable[[], int], *, has_ticks: bool
) -> Callable[[int, int], BarClosed]:
    spreads = _spreads(series)
    volume, flow = series.volume, series.flow

    def make(row: int, ts: int) -> BarClosed:
        at = spreads[row].tolist()
        return BarClosed(
            id=next_id(), ts_event=ts, ts_init=ts, symbol=series.symbol,
            timeframe=int(series.timeframe), ts_open=int(series.ts_open[row]),
            open=int(series.open[row]), high=int(series.high[row]), low=int(series.low[row]),
            close=int(series.close[row]), spread_open=at[0], spread_high=at[1], spread_low=at[2],
            spread_close=at[3], volume=None if volume is None else float(volume[row]),
            has_ticks=has_ticks, flow=UNSET if flow is None else to_message(flow[row]),
        )  # fmt: skip

    return make


def _spreads(series: BarSeries) -> Int64s:
    if series.ask_open is None:
        return np.zeros((len(series), 4), dtype=np.int64)
    pairs = (
        (series.ask_open, series.open), (series.ask_high, series.high),
        (series.ask_low, series.low), (series.ask_close, series.close),
    )  # fmt: skip
    return np.column_stack([ask - bid for ask, bid in pairs if ask is not None])

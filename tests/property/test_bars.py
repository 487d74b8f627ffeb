"""Bars: the builder fed one message at a time makes what aggregation makes of columns."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.market.bars import BarBuilder, HigherBarBuilder, bars_to_bars, ticks_to_bars
from assay.market.bars.flow import of_message
from assay.market.series import BarSeries, TickSeries
from assay.model.calendar import Rollover
from assay.model.messages import BarClosed, QuoteFlow, Tick
from assay.model.time import DAY, HOUR, MINUTE, SECOND, Timeframe

# Both American switches of 2019 and both European ones lie within the spans drawn.
STARTS = (1_552_000_000, 1_553_900_000, 1_572_100_000, 1_572_700_000)
ROLLOVERS = (Rollover(), Rollover("Europe/Athens", 0), Rollover("UTC", 0))
SIZES = (0.75, 1.0, 2.059999942779541, 1e-7, 0.1, 12.5, 1.0, 3.0, float("nan"), 0.0)
FRAMES = (Timeframe.M1, Timeframe.M5, Timeframe.H1, Timeframe.H4, Timeframe.D1)


@st.composite
def tick_series(draw: st.DrawFn) -> TickSeries:
    steps = draw(
        st.lists(
            st.sampled_from([0, 1, SECOND, 59 * SECOND, MINUTE, 31 * MINUTE, 5 * HOUR, 2 * DAY]),
            min_size=1,
            max_size=60,
        )
    )
    moves = draw(st.lists(st.integers(-50, 50), min_size=len(steps), max_size=len(steps)))
    spreads = draw(st.lists(st.integers(0, 30), min_size=len(steps), max_size=len(steps)))
    # A feed tells no sizes at all, or of nearly every quote.
    sizes = [
        np.array(draw(st.lists(st.sampled_from(SIZES), min_size=len(steps), max_size=len(steps))))
        if has_sizes else None
        for has_sizes in [draw(st.booleans())] * 2
    ]  # fmt: skip
    ts = draw(st.sampled_from(STARTS)) * SECOND + np.cumsum(np.array(steps, dtype=np.int64))
    bid = 100_000 + np.cumsum(np.array(moves, dtype=np.int64))
    return TickSeries(
        symbol="EURUSD", source="test", digits=5, ts=ts, bid=bid,
        ask=bid + np.array(spreads, dtype=np.int64), fold=np.zeros(len(ts), dtype=np.bool_),
        bid_size=sizes[0], ask_size=sizes[1],
    )  # fmt: skip


def as_ticks(series: TickSeries) -> list[Tick]:
    columns = (series.ts, series.bid, series.ask, series.bid_size, series.ask_size)
    nothing = [None] * len(series)
    rows = zip(*(nothing if each is None else each.tolist() for each in columns), strict=True)
    return [
        Tick(
            id=number, ts_event=ts, ts_init=ts, symbol=series.symbol, bid=bid, ask=ask,
            bid_size=bid_size, ask_size=ask_size,
        )
        for number, (ts, bid, ask, bid_size, ask_size) in enumerate(rows, 1)
    ]  # fmt: skip


def as_rows(bars: BarSeries) -> list[tuple[float | None, ...]]:
    assert bars.ask_open is not None
    assert bars.volume is not None
    assert bars.flow is not None
    columns = (
        bars.ts_open, bars.open, bars.high, bars.low, bars.close,
        bars.ask_open, bars.ask_high, bars.ask_low, bars.ask_close, bars.volume, *bars.flow.T,
    )  # fmt: skip
    return list(zip(*(column.tolist() for column in columns), strict=True))


def message_row(bar: BarClosed) -> tuple[float | None, ...]:
    assert isinstance(bar.flow, QuoteFlow)
    return (
        bar.ts_open, bar.open, bar.high, bar.low, bar.close,
        bar.open + bar.spread_open, bar.high + bar.spread_high, bar.low + bar.spread_low,
        bar.close + bar.spread_close, bar.volume, *of_message(bar.flow).tolist(),
    )  # fmt: skip


def stream(builder: BarBuilder | HigherBarBuilder, messages: list[Tick] | list[BarClosed]):
    bars = [bar for message in messages for bar in builder.handle(message)]
    return bars + list(builder.close_until(2**62))


@settings(max_examples=150, deadline=None)
@given(tick_series(), st.sampled_from(FRAMES), st.sampled_from(ROLLOVERS))
def test_streamed_ticks_make_the_bars_of_columns(
    ticks: TickSeries, frame: Timeframe, rollover: Rollover
) -> None:
    builder = BarBuilder(frame, itertools.count(1).__next__, rollover)
    streamed = stream(builder, as_ticks(ticks))
    assert [message_row(bar) for bar in streamed] == as_rows(ticks_to_bars(ticks, frame, rollover))
    assert all(bar.ts_open < bar.ts_event and bar.has_ticks for bar in streamed)


@settings(max_examples=150, deadline=None)
@given(tick_series(), st.sampled_from(FRAMES[1:]), st.sampled_from(ROLLOVERS))
def test_streamed_bars_make_the_longer_bars_of_columns(
    ticks: TickSeries, frame: Timeframe, rollover: Rollover
) -> None:
    ids = itertools.count(1).__next__
    minutes = stream(BarBuilder(Timeframe.M1, ids, rollover), as_ticks(ticks))
    longer = stream(HigherBarBuilder(Timeframe.M1, frame, ids, rollover), minutes)
    expected = bars_to_bars(ticks_to_bars(ticks, Timeframe.M1, rollover), frame, rollover)
    assert [message_row(bar) for bar in longer] == as_rows(expected)


@settings(max_examples=100, deadline=None)
@given(tick_series(), st.sampled_from(FRAMES), st.sampled_from(ROLLOVERS))
def test_longer_bars_equal_bars_made_of_ticks_at_once(
    ticks: TickSeries, frame: Timeframe, rollover: Rollover
) -> None:
    through_minutes = bars_to_bars(ticks_to_bars(ticks, Timeframe.M1, rollover), frame, rollover)
    assert as_rows(through_minutes) == as_rows(ticks_to_bars(ticks, frame, rollover))


@settings(max_examples=100, deadline=None)
@given(tick_series(), st.integers(0, 60), st.sampled_from(FRAMES))
def test_a_snapshot_goes_on_where_it_stopped(ticks: TickSeries, cut: int, frame: Timeframe) -> None:
    messages = as_ticks(ticks)
    whole = [message_row(bar) for bar in stream(BarBuilder(frame, lambda: 1), messages)]
    first, second = BarBuilder(frame, lambda: 1), BarBuilder(frame, lambda: 1)
    begun = [message_row(bar) for message in messages[:cut] for bar in first.handle(message)]
    second.restore(first.snapshot())
    ended = [message_row(bar) for bar in stream(second, messages[cut:])]
    assert begun + ended == whole

"""Replays keep the total order and the market's pace."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from assay.market.bars import bars_to_bars, ticks_to_bars
from assay.market.bars.flow import of_message
from assay.market.replay import pace, parse_speed, replay_events
from assay.market.series import TickSeries
from assay.model.errors import UsageError
from assay.model.messages import BarClosed, QuoteFlow, Tick
from assay.model.time import MINUTE, SECOND, Timeframe, parse_time
from assay.runtime.clock import SimClock

START = parse_time("2019-03-04T08:00")


def ticks_of(symbol: str) -> TickSeries:
    ts = START + np.arange(0, 20 * MINUTE, 15 * SECOND)
    bid = 110_000 + np.arange(len(ts)) % 11
    nothing = np.zeros(len(ts), dtype=np.bool_)
    return TickSeries(
        symbol=symbol, source="test", digits=5, ts=ts, bid=bid, ask=bid + 8, fold=nothing
    )


def rank(event: Tick | BarClosed) -> tuple[int, int, int, str]:
    length = 0 if isinstance(event, Tick) else event.timeframe
    return event.ts_event, 0 if isinstance(event, Tick) else 1, -length, event.symbol


def test_events_come_in_the_total_order_with_running_ids() -> None:
    ticks = [ticks_of("GBPUSD"), ticks_of("EURUSD")]
    minutes = [ticks_to_bars(item, Timeframe.M1) for item in ticks]
    fives = [bars_to_bars(item, Timeframe.M5) for item in minutes]
    series = [*minutes, *fives, *ticks]
    events = list(replay_events(series, itertools.count(1).__next__))
    assert len(events) == sum(len(item) for item in series)
    assert [rank(event) for event in events] == sorted(rank(event) for event in events)
    assert [event.id for event in events] == list(range(1, len(events) + 1))
    at_five = [event for event in events if event.ts_event == START + 5 * MINUTE]
    assert [(type(event).__name__, event.symbol) for event in at_five] == [
        ("Tick", "EURUSD"), ("Tick", "GBPUSD"), ("BarClosed", "EURUSD"), ("BarClosed", "GBPUSD"),
        ("BarClosed", "EURUSD"), ("BarClosed", "GBPUSD"),
    ]  # fmt: skip
    assert [event.timeframe for event in at_five[2:]] == [Timeframe.M5] * 2 + [Timeframe.M1] * 2
    bars = [event for event in events if isinstance(event, BarClosed)]
    assert all(bar.has_ticks and bar.spread_close == 8 for bar in bars)
    for one in (*minutes, *fives):
        mine = [bar for bar in bars if (bar.symbol, bar.timeframe) == (one.symbol, one.timeframe)]
        told = [of_message(bar.flow) for bar in mine if isinstance(bar.flow, QuoteFlow)]
        assert np.array_equal(told, one.flow)


@pytest.mark.parametrize(("speed", "seconds"), [("1x", 600), ("60", 10), ("max", 0)])
def test_pace_is_a_multiple_of_the_markets(speed: str, seconds: int) -> None:
    clock = SimClock(START)
    ticks = ticks_of("EURUSD").select(slice(0, 41))
    paced = pace(replay_events([ticks], itertools.count(1).__next__), clock, parse_speed(speed))
    assert len(list(paced)) == 41
    assert clock.now_ns() - START == seconds * SECOND


def test_a_long_silence_is_cut() -> None:
    clock = SimClock(0)
    ticks = ticks_of("EURUSD").select(np.array([0, 40]))
    events = replay_events([ticks], itertools.count(1).__next__)
    assert len(list(pace(events, clock, 1.0, longest_wait=3 * SECOND))) == 2
    assert clock.now_ns() == 3 * SECOND


@pytest.mark.parametrize("text", ["0", "-1", "fast", "nan", "inf", ""])
def test_senseless_speeds_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="speed"):
        parse_speed(text)

"""Build bars from messages as they come; the same bars that aggregation makes of columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import nan

import numpy as np
from msgspec import UNSET

from assay.market.bars.flow import (
    join_flow,
    new_flow,
    new_quote,
    of_message,
    step_flow,
    to_message,
)
from assay.market.series import Int64s
from assay.model.calendar import NEW_YORK_CLOSE, Rollover, bar_span
from assay.model.messages import BarClosed, Message, QuoteFlow, Tick
from assay.model.time import Timeframe

OpenState = tuple[int, int, list[int], list[int], float | None, int, list[int]]
"""A bar in the making, as a snapshot holds it."""


@dataclass(slots=True)
class OpenBar:
    """Hold the bar in the making of one symbol; prices in points of bid and ask.

    `flow` is None where a part of the bar told none.
    """

    start: int
    end: int
    bid: list[int]
    ask: list[int]
    volume: float | None
    cause: int
    flow: Int64s | None

    def extend(self, bid: tuple[int, ...], ask: tuple[int, ...], volume: float | None) -> None:
        """Add open, high, low, close of both sides."""
        for held, fresh in ((self.bid, bid), (self.ask, ask)):
            held[1] = max(held[1], fresh[1])
            held[2] = min(held[2], fresh[2])
            held[3] = fresh[3]
        self.volume = None if volume is None or self.volume is None else self.volume + volume

    def join(self, flow: Int64s | None) -> None:
        """Add the flow of a shorter bar; there is none where one bar had none."""
        if flow is None or self.flow is None:
            self.flow = None
        else:
            join_flow(self.flow, flow)


class BarBuilder:
    """Turn the ticks of any number of symbols into bars of one timeframe.

    A bar is published at the first tick at or after its end, or when `close_until` says that its
    end has passed; where there was no tick there is no bar. Prices are bid points.
    """

    consumes = (Tick,)
    publishes = (BarClosed,)

    def __init__(
        self,
        timeframe: Timeframe,
        next_id: Callable[[], int],
        rollover: Rollover = NEW_YORK_CLOSE,
    ) -> None:
        self.timeframe, self._next_id, self._rollover = timeframe, next_id, rollover
        self._open: dict[str, OpenBar] = {}
        self._last: dict[str, Int64s] = {}

    def handle(self, message: Message) -> Iterator[BarClosed]:
        """Take one tick; yield the bar that it ends, if any."""
        if not isinstance(message, Tick):
            return
        bid, ask = (message.bid,) * 4, (message.ask,) * 4
        bar = self._open.get(message.symbol)
        if bar is not None and message.ts_event < bar.end:
            bar.extend(bid, ask, 1.0)
            bar.cause = message.id
            self._count(message, bar)
            return
        if bar is not None:
            yield self._close(message.symbol, bar, message.ts_init)
        start, end = bar_span(message.ts_event, self.timeframe, self._rollover)
        bar = OpenBar(start, end, [*bid], [*ask], 1.0, message.id, new_flow())
        self._open[message.symbol] = bar
        self._count(message, bar)

    def _count(self, tick: Tick, bar: OpenBar) -> None:
        last = self._last.get(tick.symbol)
        if last is None:
            last = self._last[tick.symbol] = new_quote()
        sizes = (nan if size is None else size for size in (tick.bid_size, tick.ask_size))
        step_flow(last, bar.flow, tick.bid, tick.ask, *sizes)

    def close_until(self, now: int) -> Iterator[BarClosed]:
        """Yield the bars whose end is at or before `now` (ns UTC), by symbol."""
        for symbol in sorted(self._open):
            if self._open[symbol].end <= now:
                yield self._close(symbol, self._open.pop(symbol), now)

    def _close(self, symbol: str, bar: OpenBar, now: int) -> BarClosed:
        return _to_message(symbol, self.timeframe, bar, ids=(self._next_id(), now), has_ticks=True)

    def snapshot(self) -> tuple[dict[str, OpenState], dict[str, list[int]]]:
        """Return the bars in the making and the last quotes, for restore."""
        bars = {}
        for symbol, bar in self._open.items():
            assert bar.flow is not None  # every tick adds to it
            bars[symbol] = (
                bar.start, bar.end, [*bar.bid], [*bar.ask], bar.volume, bar.cause,
                bar.flow.tolist(),
            )  # fmt: skip
        return bars, {symbol: last.tolist() for symbol, last in self._last.items()}

    def restore(self, state: tuple[dict[str, OpenState], dict[str, list[int]]]) -> None:
        """Take up what snapshot returned."""
        bars, quotes = state
        self._open = {
            symbol: OpenBar(*fields, np.array(flow, dtype=np.int64))
            for symbol, (*fields, flow) in bars.items()
        }
        self._last = {symbol: np.array(last, dtype=np.int64) for symbol, last in quotes.items()}


class HigherBarBuilder:
    """Turn the bars of one timeframe into longer ones, published when their last part closes."""

    consumes = (BarClosed,)
    publishes = (BarClosed,)

    def __init__(
        self,
        base: Timeframe,
        timeframe: Timeframe,
        next_id: Callable[[], int],
        rollover: Rollover = NEW_YORK_CLOSE,
    ) -> None:
        self.base, self.timeframe = base, timeframe
        self._next_id, self._rollover = next_id, rollover
        self._open: dict[str, OpenBar] = {}
        self._ticked: dict[str, bool] = {}

    def handle(self, message: Message) -> Iterator[BarClosed]:
        """Take one bar of the shorter timeframe; yield the longer bars that end with it."""
        if not isinstance(message, BarClosed) or message.timeframe != self.base:
            return
        symbol = message.symbol
        bar = self._open.get(symbol)
        if bar is not None and message.ts_open >= bar.end:
            yield self._close(symbol, message.ts_init)
            bar = None
        bid = (message.open, message.high, message.low, message.close)
        spreads = (
            message.spread_open, message.spread_high, message.spread_low, message.spread_close,
        )  # fmt: skip
        ask = tuple(price + spread for price, spread in zip(bid, spreads, strict=True))
        part = of_message(message.flow) if isinstance(message.flow, QuoteFlow) else None
        if bar is None:
            start, end = bar_span(message.ts_open, self.timeframe, self._rollover)
            bar = OpenBar(start, end, [*bid], [*ask], message.volume, message.id, part)
            self._open[symbol], self._ticked[symbol] = bar, message.has_ticks
        else:
            bar.extend(bid, ask, message.volume)
            bar.cause = message.id
            bar.join(part)
            self._ticked[symbol] = self._ticked[symbol] and message.has_ticks
        if message.ts_event >= bar.end:
            yield self._close(symbol, message.ts_init)

    def close_until(self, now: int) -> Iterator[BarClosed]:
        """Yield the bars whose end is at or before `now` (ns UTC), by symbol."""
        for symbol in sorted(self._open):
            if self._open[symbol].end <= now:
                yield self._close(symbol, now)

    def _close(self, symbol: str, now: int) -> BarClosed:
        bar, has_ticks = self._open.pop(symbol), self._ticked.pop(symbol)
        ids = (self._next_id(), now)
        return _to_message(symbol, self.timeframe, bar, ids=ids, has_ticks=has_ticks)


def _to_message(
    symbol: str, timeframe: Timeframe, bar: OpenBar, *, ids: tuple[int, int], has_ticks: bool
) -> BarClosed:
    bid, ask = bar.bid, bar.ask
    return BarClosed(
        id=ids[0], cause=bar.cause, ts_event=bar.end, ts_init=max(ids[1], bar.end), symbol=symbol,
        timeframe=int(timeframe), ts_open=bar.start, open=bid[0], high=bid[1], low=bid[2],
        close=bid[3], spread_open=ask[0] - bid[0], spread_high=ask[1] - bid[1],
        spread_low=ask[2] - bid[2], spread_close=ask[3] - bid[3], volume=bar.volume,
        has_ticks=has_ticks, flow=UNSET if bar.flow is None else to_message(bar.flow),
    )  # fmt: skip

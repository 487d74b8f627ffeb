"""The bars of one symbol in memory: those closed, and the one that ticks still form."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from itertools import groupby

from assay.apps.gateway.board.scale import Scale
from assay.apps.gateway.views import Bar
from assay.apps.paper.view.sheet import PastBar
from assay.model.messages import BarClosed, Tick
from assay.model.time import DAY, SECOND

BARS_KEPT = 1_000


class Chart:
    """Keep the last 1,000 bars of a symbol at its own timeframe, the newest perhaps forming."""

    def __init__(self, symbol: str, timeframe: int, scale: Scale) -> None:
        self.symbol, self.timeframe = symbol, timeframe
        self._scale = scale
        self.closed: deque[Bar] = deque(maxlen=BARS_KEPT)
        self.bid = self.spread = self.ts = 0
        self._open_ts = -1
        self._open = self._high = self._low = 0

    @property
    def last_ts(self) -> int:
        """Return the time of the last event, in nanoseconds, 0 before the first."""
        return self.ts

    def begin(self, past: Iterable[PastBar]) -> None:
        """Take the bars before the first event, the oldest first."""
        for ts_open, opened, high, low, closed, spread in past:
            prices = [self._scale.price(self.symbol, each) for each in (opened, high, low, closed)]
            self.closed.append(
                Bar(
                    time=ts_open // SECOND, open=prices[0], high=prices[1], low=prices[2],
                    close=prices[3], spread=self._scale.price(self.symbol, spread), volume=None,
                    forming=False,
                )
            )  # fmt: skip
            self.bid, self.spread, self.ts = closed, spread, ts_open + self.timeframe

    def close(self, bar: BarClosed) -> Bar:
        """Take a finished bar; return it as it is shown."""
        price = self._scale.price
        shown = Bar(
            time=bar.ts_open // SECOND, open=price(self.symbol, bar.open),
            high=price(self.symbol, bar.high), low=price(self.symbol, bar.low),
            close=price(self.symbol, bar.close), spread=price(self.symbol, bar.spread_close),
            volume=bar.volume, forming=False,
        )  # fmt: skip
        self.closed.append(shown)
        self.bid, self.spread, self.ts = bar.close, bar.spread_close, bar.ts_event
        if self._open_ts <= bar.ts_open:
            self._open_ts = -1
        return shown

    def tick(self, tick: Tick) -> None:
        """Let a tick form the bar that it lies in."""
        bid = tick.bid
        self.bid, self.spread, self.ts = bid, tick.ask - bid, tick.ts_event
        begins = tick.ts_event - tick.ts_event % self.timeframe
        if begins != self._open_ts:
            self._open_ts = begins
            self._open = self._high = self._low = bid
        elif bid > self._high:
            self._high = bid
        elif bid < self._low:
            self._low = bid

    def forming(self) -> Bar | None:
        """Return the bar that is not closed yet, None where no tick has come since the last."""
        if self._open_ts < 0:
            return None
        price = self._scale.price
        return Bar(
            time=self._open_ts // SECOND, open=price(self.symbol, self._open),
            high=price(self.symbol, self._high), low=price(self.symbol, self._low),
            close=price(self.symbol, self.bid), spread=price(self.symbol, self.spread),
            volume=None, forming=True,
        )  # fmt: skip

    def bars(self, timeframe: int, limit: int) -> list[Bar]:
        """Return the newest bars, the oldest first, joined to a longer timeframe where asked."""
        forming = self.forming()
        known = [*self.closed, *([forming] if forming else [])]
        if timeframe != self.timeframe:
            known = _join(known, timeframe // SECOND, self.ts // SECOND)
        return known[-limit:]

    def day_change(self) -> float:
        """Return the last price against the first one held of its UTC day, as a fraction."""
        day = (self.ts - 1) // DAY * DAY // SECOND
        first = next((bar.open for bar in self.closed if bar.time >= day), None)
        if first is None:
            forming = self.forming()
            first = forming.open if forming else 0.0
        return self._scale.price(self.symbol, self.bid) / first - 1 if first else 0.0


def _join(bars: Iterable[Bar], seconds: int, now: int) -> list[Bar]:
    joined = []
    for begins, group in groupby(bars, key=lambda bar: bar.time - bar.time % seconds):
        parts = list(group)
        volumes = [bar.volume for bar in parts if bar.volume is not None]
        joined.append(
            Bar(
                time=begins, open=parts[0].open, high=max(bar.high for bar in parts),
                low=min(bar.low for bar in parts), close=parts[-1].close, spread=parts[-1].spread,
                volume=sum(volumes) if volumes else None,
                forming=parts[-1].forming or begins + seconds > now,
            )
        )  # fmt: skip
    return joined

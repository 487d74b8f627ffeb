"""A feed that never ends: the quotes that a bridge keeps, as numbered messages of a run."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from itertools import count

import msgspec
from msgspec import UNSET

from assay.apps.bridge.inbox import Kept
from assay.apps.lab.drivers import FEED
from assay.apps.lab.events import TICK_BARS
from assay.apps.link.frames import Lost, PackedCodec, Quote
from assay.apps.link.log import LogReader, Record
from assay.market.bars import BarBuilder
from assay.market.bars.building import OpenState
from assay.model.errors import DataError
from assay.model.messages import BarClosed, Tick
from assay.model.time import SECOND
from assay.runtime.ids import COUNTER_BITS

GRACE = SECOND
"""A bar of a silent symbol closes once another symbol's quote is so far past its end."""
BEHIND = 30 * SECOND
"""Of the market's time: what was decided on a quote so old is not sent to a venue."""
READ_AT_ONCE = 1_024
Bars = tuple[dict[str, OpenState], dict[str, list[int]]]


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Say how far a feed had come: messages made, records read, and the bars in the making.

    `closed` is the end of each symbol's last bar.
    """

    anchor: str
    messages: int
    position: int
    bars: Bars
    closed: dict[str, int]


class QuoteFeed:
    """Make ticks and bars of one minute from a bridge's records, the same ones every time.

    What follows from a record depends on the records before it alone: bars are closed by quotes,
    never by the clock. A quote of before its symbol's last bar ended is late and left out. Message
    n of a run has the id that a file's n-th event would have, so that a restart repeats it.
    """

    def __init__(
        self, reader: LogReader, digits: Mapping[str, int], fed: int, *, with_flow: bool = False
    ) -> None:
        self._reader, self._digits, self._codec = reader, digits, PackedCodec()
        self._with_flow = with_flow
        self._first = (FEED << COUNTER_BITS) + fed
        self._made, self._bar_ids = 0, count(1)
        self._builder = BarBuilder(TICK_BARS, self._bar_ids.__next__)
        self._closed: dict[str, int] = {}
        self._waiting: deque[Record] = deque()
        self.late = self.lost = 0
        self._position = reader.after

    def resume(self, place: Place) -> None:
        """Go on where a feed of the same records had come."""
        self._made, self._position = place.messages, place.position
        self._closed = dict(place.closed)
        self._builder.restore(place.bars)
        self._waiting.clear()
        self._reader.seek(place.position)

    def place(self, anchor: str) -> Place:
        """Return how far it has come; between two records only."""
        return Place(
            anchor=anchor, messages=self._made, position=self._position,
            bars=self._builder.snapshot(), closed=dict(self._closed),
        )  # fmt: skip

    @property
    def messages(self) -> int:
        """Return how many messages it has made."""
        return self._made

    def next(self) -> list[Tick | BarClosed] | None:
        """Return what follows from the next record, maybe nothing; None where there is none yet."""
        if len(self._waiting) < READ_AT_ONCE // 2:
            self._waiting.extend(self._reader.read(READ_AT_ONCE))
        if not self._waiting:
            return None
        record = self._waiting.popleft()
        held = self._open(record)
        self._position = record.number
        if isinstance(held, Lost):
            self.lost += held.last - held.first + 1
            return []
        return [self._number(message) for message in self._follow(held)]

    def is_behind(self, ts: int) -> bool:
        """Say whether the market has gone on for long since a time (ns UTC) by what waits here."""
        newest = self._open(self._waiting[-1]) if self._waiting else None
        return isinstance(newest, Quote) and newest.ts - ts > BEHIND

    def _open(self, record: Record) -> Quote | Lost:
        kept = self._codec.decode(record.payload, Kept)
        held: Quote | Lost = self._codec.decode(bytes(kept.record), Quote | Lost)
        return held

    def _follow(self, quote: Quote) -> Iterator[Tick | BarClosed]:
        symbol = quote.symbol
        digits = self._digits.get(symbol)
        if digits is None:
            return
        if quote.digits != digits:
            raise DataError(
                f"{symbol} is quoted with {quote.digits} digits and traded with {digits}; set "
                f"digits = {quote.digits} under [instruments.{symbol}] in config.toml"
            )
        if quote.ts < self._closed.get(symbol, 0) or not 0 < quote.bid <= quote.ask:
            self.late += 1
            return
        tick = Tick(
            id=1, ts_event=quote.ts, ts_init=quote.ts, symbol=symbol, bid=quote.bid, ask=quote.ask
        )
        yield from self._close(self._builder.handle(tick))
        yield from self._close(self._builder.close_until(quote.ts - GRACE))
        yield tick

    def _close(self, bars: Iterable[BarClosed]) -> Iterator[BarClosed]:
        for bar in bars:
            self._closed[bar.symbol] = bar.ts_event
            yield bar if self._with_flow else msgspec.structs.replace(bar, flow=UNSET)

    def _number(self, message: Tick | BarClosed) -> Tick | BarClosed:
        self._made += 1
        return msgspec.structs.replace(message, id=self._first + self._made, cause=0)


def skip_to(feed: QuoteFeed, messages: int) -> list[Tick | BarClosed]:
    """Read on until so many messages are made; return those of the same record behind them.

    Raises DataError where the records end before.
    """
    while feed.messages < messages:
        found = feed.next()
        if found is None:
            raise DataError(
                f"the bridge keeps {feed.messages} messages of this run and {messages} were "
                "traded; restore its records, or begin anew with another --home"
            )
        if feed.messages >= messages:
            return found[len(found) - (feed.messages - messages) :]
    return []

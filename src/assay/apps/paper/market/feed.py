"""A feed that never ends: the quotes that a bridge keeps, as numbered messages of a run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import count

import msgspec
from msgspec import UNSET, UnsetType

from assay.apps.bridge.market import MarketReader
from assay.apps.lab.feeds.events import TICK_BARS
from assay.apps.lab.runs.drivers import FEED
from assay.apps.link.frames import Lost, Quote
from assay.apps.paper.market.sources import SourceChoice
from assay.market.bars import BarBuilder
from assay.market.bars.building import OpenState
from assay.market.consensus import Standing
from assay.model.errors import DataError
from assay.model.messages import BarClosed, Message, Tick
from assay.model.time import SECOND
from assay.runtime.ids import COUNTER_BITS

GRACE = SECOND
"""A bar of a silent symbol closes once another symbol's quote is so far past its end."""
BEHIND = 30 * SECOND
"""Of the market's time: what was decided on a quote so old is not sent to a venue."""
Bars = tuple[dict[str, OpenState], dict[str, list[int]]]


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Say how far a feed had come: messages made, records read, and the bars in the making.

    `positions` are those in the records of each source, `closed` is the end of each symbol's last
    bar, and `sources` how several sources stand, by symbol.
    """

    anchor: str
    messages: int
    positions: list[int]
    bars: Bars
    closed: dict[str, int]
    sources: dict[str, Standing] = {}


class QuoteFeed:
    """Make ticks and bars of one minute from a bridge's records, the same ones every time.

    What follows from a record depends on the records before it alone: bars are closed by quotes,
    never by the clock. A quote of before its symbol's last bar ended is late and left out. Message
    n of a run has the id that a file's n-th event would have, so that a restart repeats it.
    """

    def __init__(
        self, reader: MarketReader, digits: Mapping[str, int], fed: int, *,
        choice: SourceChoice | None = None, with_flow: bool = False,
    ) -> None:  # fmt: skip
        self._reader, self._digits, self._choice = reader, digits, choice
        self._with_flow = with_flow
        self._first = (FEED << COUNTER_BITS) + fed
        self._made, self._bar_ids = 0, count(1)
        self._builder = BarBuilder(TICK_BARS, self._bar_ids.__next__)
        self._closed: dict[str, int] = {}
        self.late = self.lost = 0

    def resume(self, place: Place) -> None:
        """Go on where a feed of the same records had come."""
        self._made = place.messages
        self._closed = dict(place.closed)
        self._builder.restore(place.bars)
        self._reader.seek(place.positions)
        if self._choice is not None:
            self._choice.restore(place.sources)

    def place(self, anchor: str) -> Place:
        """Return how far it has come; between two records only."""
        return Place(
            anchor=anchor, messages=self._made, positions=list(self._reader.positions),
            bars=self._builder.snapshot(), closed=dict(self._closed),
            sources=self._choice.snapshot() if self._choice is not None else {},
        )  # fmt: skip

    @property
    def messages(self) -> int:
        """Return how many messages it has made."""
        return self._made

    def next(self) -> list[Message] | None:
        """Return what follows from the next record, maybe nothing; None where there is none yet."""
        came = self._reader.next()
        if came is None:
            return None
        item = came.item
        if isinstance(item, Lost):
            self.lost += item.last - item.first + 1
            return []
        if self._choice is None:
            found = self._follow(item, UNSET) if isinstance(item, Quote) else ()
            return [self._number(message) for message in found]
        chosen = self._choice.take(came)
        told = chosen.told
        if chosen.quote is not None:
            told = [*told, *self._follow(chosen.quote, chosen.confirmed)]
        return [self._number(message) for message in told]

    def serves(self, symbol: str) -> bool:
        """Say whether any of several sources serves a symbol; one that is alone always does."""
        return self._choice is None or symbol not in self._digits or self._choice.serves(symbol)

    def is_behind(self, ts: int) -> bool:
        """Say whether the market has gone on for long since a time (ns UTC) by what waits here."""
        return self._reader.newest() - ts > BEHIND

    def _follow(self, quote: Quote, confirmed: bool | UnsetType) -> Iterator[Tick | BarClosed]:
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
            id=1, ts_event=quote.ts, ts_init=quote.ts, symbol=symbol, bid=quote.bid, ask=quote.ask,
            bid_size=quote.bid_size, ask_size=quote.ask_size, confirmed=confirmed,
        )  # fmt: skip
        yield from self._close(self._builder.handle(tick))
        yield from self._close(self._builder.close_until(quote.ts - GRACE))
        yield tick

    def _close(self, bars: Iterable[BarClosed]) -> Iterator[BarClosed]:
        for bar in bars:
            self._closed[bar.symbol] = bar.ts_event
            yield bar if self._with_flow else msgspec.structs.replace(bar, flow=UNSET)

    def _number(self, message: Message) -> Message:
        self._made += 1
        return msgspec.structs.replace(message, id=self._first + self._made, cause=0)


def skip_to(feed: QuoteFeed, messages: int) -> list[Message]:
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

"""The broker's server: the market, every account and time, whether a terminal looks or not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from assay.model.errors import DataError, UsageError
from assay.model.values import round_to_scale
from assay.runtime.ids import IdSource
from assay.trading.terminal.asking import Request
from assay.trading.terminal.chance import Chance
from assay.trading.terminal.dealing import Answer, answer_request
from assay.trading.terminal.desk import Desk
from assay.trading.terminal.market import Market
from assay.trading.terminal.nights import charge_night
from assay.trading.terminal.profile import BrokerProfile
from assay.trading.terminal.records import Book, Quote
from assay.trading.terminal.triggers import expire, react, stop_out
from assay.trading.terminal.wallclock import WallClock

_FIRST_TICKET = 1_000_000
_AHEAD = 8
"""Spans of news that may overlap; more of them would not make it newer."""


class Kept(msgspec.Struct):
    """Hold what of a server outlives it; quotes come again from the data."""

    profile: str
    now: int
    tickets: int
    drawn: int
    books: dict[int, Book]
    news: list[tuple[int, int]]


class TradeServer:
    """Run a broker made of a profile on a feed of quotes; equal seeds and quotes give equal books.

    Time moves by `quote` (a quote pushed in) or `advance` (quotes drawn from the feed), never back.
    `news` are spans to come in which the profile's news factors hold, ordered by their ends.
    """

    def __init__(
        self, profile: BrokerProfile, *, seed: int = 1, start: int = 0, feed: Iterable[Quote] = ()
    ) -> None:
        self.profile = profile
        self.clock = WallClock(profile.zone)
        self.market = Market(profile, self.clock)
        self.chance = Chance(profile, seed)
        self._feed: Iterator[Quote] = iter(feed)
        self._ahead: Quote | None = None
        start = start or self.next_at() or 0
        self.now = start
        self.news: list[tuple[int, int]] = []
        self._tickets = IdSource(0, _FIRST_TICKET)
        self._day = self.clock.day(start)
        self.desks = {
            account.login: Desk(profile, account, self.market, self.chance, self._ticket)
            for account in profile.accounts
        }
        for desk in self.desks.values():
            digits = desk.account.currency_digits
            desk.transfer(round_to_scale(desk.account.deposit, digits), start, "Initial deposit")

    def _ticket(self) -> int:
        return self._tickets.next()

    @property
    def is_news(self) -> bool:
        """Say whether a span of news is under way."""
        return any(start <= self.now for start, _ in self.news[:_AHEAD])

    def quote(self, quote: Quote) -> None:
        """Take one quote in and do all that it sets off on every account."""
        self._move_to(max(quote.ts, self.now))
        symbol = self.market.take(quote)
        for desk in self.desks.values():
            react(desk, symbol, self.now, is_news=self.is_news)

    def advance(self, until: int) -> int:
        """Draw quotes from the feed up to an instant; return how many came."""
        drawn = 0
        while (quote := self._peek()) is not None and quote.ts <= until:
            self._ahead = None
            self.quote(quote)
            drawn += 1
        self._move_to(max(until, self.now))
        return drawn

    def next_at(self) -> int | None:
        """Return when the feed's next quote comes, None once it is over."""
        quote = self._peek()
        return None if quote is None else quote.ts

    def _peek(self) -> Quote | None:
        if self._ahead is None:
            self._ahead = next(self._feed, None)
        return self._ahead

    def announce(self, spans: Iterable[tuple[int, int]]) -> None:
        """Add spans of news, in nanoseconds UTC."""
        self.news = sorted([*self.news, *spans], key=lambda span: span[1])

    def _move_to(self, instant: int) -> None:
        self.now = instant
        while self.news and self.news[0][1] <= instant:
            self.news.pop(0)
        day = self.clock.day(instant)
        for ended in range(self._day, day):
            for desk in self.desks.values():
                charge_night(desk, ended)
                stop_out(desk, instant, is_news=self.is_news)
        self._day = day
        for desk in self.desks.values():
            expire(desk, instant)

    def send(self, login: int, request: Request, latency: int | None = None) -> Answer:
        """Execute a request of an account after its latency, in which the market goes on."""
        desk = self.desks[login]
        delay = self.chance.latency(is_news=self.is_news) if latency is None else latency
        self.advance(self.now + delay)
        return answer_request(desk, request, self.now, is_news=self.is_news)

    def save(self) -> bytes:
        """Return all books, the time and the places in the sequences of tickets and draws."""
        books = {login: desk.book for login, desk in self.desks.items()}
        kept = Kept(
            self.profile.name, self.now, self._tickets.state, self.chance.drawn, books, self.news
        )
        return msgspec.msgpack.encode(kept)

    def restore(self, content: bytes) -> None:
        """Go on where a saved server stopped; its feed is read up to then without effect."""
        try:
            kept = msgspec.msgpack.decode(content, type=Kept)
        except msgspec.DecodeError as error:
            raise DataError(f"the terminal's state cannot be read: {error}") from None
        if kept.profile != self.profile.name or set(kept.books) != set(self.desks):
            raise UsageError(
                f"the state is of profile {kept.profile!r} with logins {sorted(kept.books)}, "
                f"not of {self.profile.name!r}; give the profile it was made with"
            )
        while (quote := self._peek()) is not None and quote.ts <= kept.now:
            self._ahead = None
            self.market.take(quote)
        self.now, self.news = kept.now, kept.news
        self._day = self.clock.day(kept.now)
        self._tickets = IdSource(0, kept.tickets)
        self.chance.drawn = kept.drawn
        for login, book in kept.books.items():
            self.desks[login].load(book)

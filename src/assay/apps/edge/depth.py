"""The sizes at a quote's prices, of symbols whose book the terminal shows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from assay.apps.edge.quotes import Quoted
from assay.apps.link.frames import Quote
from assay.model.errors import RetryError
from assay.model.time import MINUTE
from assay.runtime.clock import Clock
from assay.trading.brokers.mt5 import api
from assay.trading.brokers.mt5.structures import BookInfo

AGAIN = MINUTE
"""A terminal that shows no book of a symbol is asked for it again after so long."""


class BookTerminal(Protocol):
    """Show books as the official package does."""

    def market_book_add(self, symbol: str, /) -> bool: ...

    def market_book_get(self, symbol: str, /) -> Sequence[BookInfo] | None: ...


class BestSizes:
    """Give a fresh quote the lots at its prices; a book that has moved on tells nothing of it."""

    def __init__(self, terminal: BookTerminal, clock: Clock) -> None:
        self._terminal, self._clock = terminal, clock
        self._open: set[str] = set()
        self._due: dict[str, int] = {}

    def sized(self, quoted: Quoted, quote: Quote) -> Quote:
        """Return the quote with the sizes at its prices, None where nobody tells."""
        try:
            rows = self._read(quoted.broker_name)
        except RetryError:
            return quote  # a terminal that hangs is told of by those who cannot do without it
        scale = 10.0**quoted.digits
        bids = {round(row.price * scale): row.volume_dbl for row in rows if _is_bid(row)}
        asks = {round(row.price * scale): row.volume_dbl for row in rows if _is_ask(row)}
        if max(bids, default=quote.bid) != quote.bid or min(asks, default=quote.ask) != quote.ask:
            return quote
        return msgspec.structs.replace(
            quote, bid_size=bids.get(quote.bid), ask_size=asks.get(quote.ask)
        )

    def _read(self, name: str) -> Sequence[BookInfo]:
        if name not in self._open:
            now = self._clock.now_ns()
            if now < self._due.get(name, 0):
                return ()
            self._due[name] = now + AGAIN
            if not self._terminal.market_book_add(name):
                return ()
            self._open.add(name)
        rows = self._terminal.market_book_get(name)
        if not rows:
            # Never shown, or a restart of the terminal has ended what was asked for.
            self._open.discard(name)
        return rows or ()


def _is_bid(row: BookInfo) -> bool:
    return row.type == api.BOOK_TYPE_BUY


def _is_ask(row: BookInfo) -> bool:
    return row.type == api.BOOK_TYPE_SELL

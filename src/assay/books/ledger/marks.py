"""Prices at which open positions are valued."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple, Protocol

import msgspec

from assay.model.accounts import AccountSpec
from assay.model.instruments import Instrument
from assay.model.messages import BarClosed, Tick


class Mark(msgspec.Struct, frozen=True, gc=False):
    """Hold a price in 10^-price_digits and the rate from the quote to the account's currency."""

    price: int
    price_digits: int
    rate_num: int = 1
    rate_den: int = 1


class MarkSource(Protocol):
    """Say at what price a position is valued right now."""

    def mark(self, account: str, symbol: str, quantity: int) -> Mark | None:
        """Return the mark of a position of signed `quantity`; None where there is none."""


class Leg(NamedTuple):
    """Name the symbol whose bid turns a quote currency into an account's, and how."""

    symbol: str
    divides: bool


def find_leg(quote: str, currency: str, symbols: Iterable[str]) -> Leg | None:
    """Return the first symbol that trades one currency directly for the other, if any.

    >>> find_leg("JPY", "USD", ["EURUSD", "USDJPY.cent"])
    Leg(symbol='USDJPY.cent', divides=True)
    """
    for symbol in symbols:
        pair = symbol.partition(".")[0]
        if pair in (quote + currency, currency + quote):
            return Leg(symbol, pair == currency + quote)
    return None


class QuoteMarks:
    """Keep the last bid and ask of each symbol, from closed bars and ticks.

    A position in another currency is turned into the account's at the bid that one direct leg
    had when the position's own symbol was last quoted; without such a leg there is no mark.
    `price_digits` tells the grid of a symbol's prices where it is finer than the instrument's.
    """

    def __init__(
        self,
        accounts: Iterable[AccountSpec],
        instruments: Mapping[str, Instrument],
        price_digits: Mapping[str, int] | None = None,
    ) -> None:
        self._accounts = {spec.id: spec for spec in accounts}
        self._digits = {symbol: spec.digits for symbol, spec in instruments.items()}
        self._digits.update(price_digits or {})
        self._quotes: dict[str, tuple[int, int]] = {}
        self._rates: dict[tuple[str, str], tuple[int, int] | None] = {}
        self._legs: dict[str, list[tuple[str, Leg]]] = {symbol: [] for symbol in instruments}
        for currency in sorted({spec.currency for spec in self._accounts.values()}):
            for symbol, spec in instruments.items():
                if spec.quote == currency:
                    self._rates[symbol, currency] = (1, 1)
                elif leg := find_leg(spec.quote, currency, instruments):
                    self._legs[symbol].append((currency, leg))

    def observe(self, message: BarClosed | Tick) -> None:
        """Take the bid and ask of a tick or of a bar's close, in integer points."""
        symbol = message.symbol
        if isinstance(message, Tick):
            self._quotes[symbol] = (message.bid, message.ask)
        elif message.has_ticks:
            return  # its ticks went before, and the engine valued the position at those
        else:
            close = message.close
            self._quotes[symbol] = (close, close + message.spread_close)
        for currency, leg in self._legs.get(symbol, ()):
            self._rates[symbol, currency] = self._find_rate(leg)

    def mark(self, account: str, symbol: str, quantity: int) -> Mark | None:
        """Return the mid (one digit finer) or the price that would close the position."""
        spec, quote = self._accounts.get(account), self._quotes.get(symbol)
        rate = self._rates.get((symbol, spec.currency)) if spec else None
        if not spec or not quote or not rate:
            return None
        bid, ask = quote
        rate_num, rate_den = rate
        if spec.mark == "mid":
            return Mark((bid + ask) * 5, self._digits[symbol] + 1, rate_num, rate_den)
        return Mark(bid if quantity > 0 else ask, self._digits[symbol], rate_num, rate_den)

    def _find_rate(self, leg: Leg) -> tuple[int, int] | None:
        bid, _ = self._quotes.get(leg.symbol, (0, 0))
        if bid <= 0:
            return None
        scale = 10 ** self._digits[leg.symbol]
        return (scale, bid) if leg.divides else (bid, scale)

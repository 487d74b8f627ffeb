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


class View(NamedTuple):
    """Say how one account sees one symbol; the rate is None where a leg must tell it."""

    is_mid: bool
    digits: int
    currency: str
    rate: tuple[int, int] | None


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
        accounts = list(accounts)
        self._digits = {symbol: spec.digits for symbol, spec in instruments.items()}
        self._digits.update(price_digits or {})
        self._quotes: dict[str, tuple[int, int]] = {}
        self._rates: dict[tuple[str, str], tuple[int, int] | None] = {}
        self._legs: dict[str, list[tuple[str, Leg]]] = {}
        for symbol, spec in instruments.items():
            currencies = sorted({account.currency for account in accounts} - {spec.quote})
            found = [(currency, find_leg(spec.quote, currency, instruments))
                     for currency in currencies]  # fmt: skip
            self._legs[symbol] = [(currency, leg) for currency, leg in found if leg]
        self._views = {
            account.id: {symbol: self._view(account, spec) for symbol, spec in instruments.items()}
            for account in accounts
        }

    def observe(self, message: BarClosed | Tick) -> None:
        """Take the bid and ask of a tick or of a bar's close, in integer points."""
        symbol = message.symbol
        if type(message) is BarClosed:
            if message.has_ticks:
                return  # its ticks went before, and the engine valued the position at those
            bid = message.close
            self._quotes[symbol] = (bid, bid + message.spread_close)
        elif type(message) is Tick:
            self._quotes[symbol] = (message.bid, message.ask)
        for currency, leg in self._legs.get(symbol, ()):
            self._rates[symbol, currency] = self._find_rate(leg)

    def mark(self, account: str, symbol: str, quantity: int) -> Mark | None:
        """Return the mid (one digit finer) or the price that would close the position."""
        try:
            is_mid, digits, currency, rate = self._views[account][symbol]
            bid, ask = self._quotes[symbol]
        except KeyError:
            return None
        rate = rate or self._rates.get((symbol, currency))
        if rate is None:
            return None
        rate_num, rate_den = rate
        if is_mid:
            return Mark((bid + ask) * 5, digits + 1, rate_num, rate_den)
        return Mark(bid if quantity > 0 else ask, digits, rate_num, rate_den)

    def _view(self, account: AccountSpec, spec: Instrument) -> View:
        rate = (1, 1) if spec.quote == account.currency else None
        return View(account.mark == "mid", self._digits[spec.symbol], account.currency, rate)

    def _find_rate(self, leg: Leg) -> tuple[int, int] | None:
        bid, _ = self._quotes.get(leg.symbol, (0, 0))
        if bid <= 0:
            return None
        scale = 10 ** self._digits[leg.symbol]
        return (scale, bid) if leg.divides else (bid, scale)

"""Prices at which open positions are valued."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple, Protocol

import msgspec

from assay.model.accounts import AccountSpec
from assay.model.instruments import Instrument
from assay.model.messages import BarClosed, Tick

Rate = tuple[int, int]
"""Numerator and denominator of what a unit of one currency is in another."""


class Rates(NamedTuple):
    """Hold the rates from a quote currency to an account's, at the side that hurts."""

    gain: Rate = (1, 1)
    loss: Rate = (1, 1)

    def of(self, raw: int) -> Rate:
        """Return the rate at which an amount is turned: what is gained brings less."""
        return self.gain if raw > 0 else self.loss


class Mark(msgspec.Struct, frozen=True, gc=False):
    """Hold a price in 10^-price_digits and the rates from the quote to the account's currency."""

    price: int
    price_digits: int
    rates: Rates = Rates()


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


BID, ASK, MID = range(3)
"""Places in a quote; the mid is one digit finer."""


class View(NamedTuple):
    """Say how one account sees one symbol; `leg` names the rate, None for its own currency."""

    is_mid: bool
    digits: int
    leg: tuple[str, str] | None

    def side(self, quantity: int) -> int:
        """Return which price of a quote closes a position of signed `quantity`."""
        return MID if self.is_mid else BID if quantity > 0 else ASK

    def price_digits(self) -> int:
        """Return the digits of that price."""
        return self.digits + self.is_mid


class QuoteMarks:
    """Keep the last bid and ask of each symbol, from closed bars and ticks.

    A position in another currency is turned into the account's at what one direct leg was quoted
    when the position's own symbol was last quoted, at the side that hurts; without such a leg there
    is no mark.
    `price_digits` tells the grid of a symbol's prices where it is finer than the instrument's.
    `quotes` are (bid, ask, mid) by symbol, `rates` are by symbol and currency.
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
        self.quotes: dict[str, tuple[int, int, int]] = {}
        self.rates: dict[tuple[str, str], Rates | None] = {}
        self._legs: dict[str, list[tuple[str, Leg]]] = {}
        for symbol, spec in instruments.items():
            currencies = sorted({account.currency for account in accounts} - {spec.quote})
            found = [(currency, find_leg(spec.quote, currency, instruments))
                     for currency in currencies]  # fmt: skip
            if legs := [(currency, leg) for currency, leg in found if leg]:
                self._legs[symbol] = legs
        self._views = {
            account.id: {symbol: self._view(account, spec) for symbol, spec in instruments.items()}
            for account in accounts
        }

    def observe(self, message: BarClosed | Tick) -> None:
        """Take the bid and ask of a tick or of a bar's close, in integer points."""
        if type(message) is BarClosed:
            self.observe_bar(message)
        elif type(message) is Tick:
            self.observe_tick(message)

    def observe_bar(self, bar: BarClosed) -> None:
        """Take the bid and ask of a bar's close, in integer points."""
        if bar.has_ticks:
            return  # its ticks went before, and the engine valued the position at those
        symbol, bid = bar.symbol, bar.close
        ask = bid + bar.spread_close
        self.quotes[symbol] = (bid, ask, (bid + ask) * 5)
        if self._legs and symbol in self._legs:
            self._turn_rates(symbol, self._legs[symbol])

    def observe_tick(self, tick: Tick) -> None:
        """Take the bid and ask of a tick, in integer points."""
        symbol, bid, ask = tick.symbol, tick.bid, tick.ask
        self.quotes[symbol] = (bid, ask, (bid + ask) * 5)
        if self._legs and symbol in self._legs:
            self._turn_rates(symbol, self._legs[symbol])

    def _turn_rates(self, symbol: str, legs: list[tuple[str, Leg]]) -> None:
        for currency, leg in legs:
            self.rates[symbol, currency] = self._find_rates(leg)

    def view(self, account: str, symbol: str) -> View | None:
        """Return how an account sees a symbol; None for an unknown one."""
        views = self._views.get(account)
        return views.get(symbol) if views else None

    def mark(self, account: str, symbol: str, quantity: int) -> Mark | None:
        """Return the mid (one digit finer) or the price that would close the position."""
        view, quote = self.view(account, symbol), self.quotes.get(symbol)
        if view is None or quote is None:
            return None
        rates = self.rates.get(view.leg) if view.leg else Rates()
        if rates is None:
            return None
        return Mark(quote[view.side(quantity)], view.price_digits(), rates)

    def _view(self, account: AccountSpec, spec: Instrument) -> View:
        leg = None if spec.quote == account.currency else (spec.symbol, account.currency)
        return View(account.mark == "mid", self._digits[spec.symbol], leg)

    def _find_rates(self, leg: Leg) -> Rates | None:
        quote = self.quotes.get(leg.symbol)
        if quote is None or quote[BID] <= 0:
            return None
        bid, ask, scale = quote[BID], quote[ASK], 10 ** self._digits[leg.symbol]
        if leg.divides:
            return Rates((scale, ask), (scale, bid))
        return Rates((bid, scale), (ask, scale))

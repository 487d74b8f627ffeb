"""Prices at which open positions are valued."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple, Protocol

from assay.model.accounts import AccountSpec
from assay.model.instruments import Instrument
from assay.model.messages import BarClosed, Tick


class Mark(NamedTuple):
    """Hold a price in 10^-price_digits and the rate from the quote to the account's currency."""

    price: int
    price_digits: int
    rate_num: int = 1
    rate_den: int = 1


class MarkSource(Protocol):
    """Say at what price a position is valued right now."""

    def mark(self, account: str, symbol: str, quantity: int) -> Mark | None:
        """Return the mark of a position of signed `quantity`; None where there is none."""


class QuoteMarks:
    """Keep the last bid and ask of each symbol, from closed bars and ticks.

    It answers only where the quote currency is the account's own, so no rate is needed.
    `price_digits` tells the grid of a symbol's prices where it is finer than the instrument's.
    """

    def __init__(
        self,
        accounts: Iterable[AccountSpec],
        instruments: Mapping[str, Instrument],
        price_digits: Mapping[str, int] | None = None,
    ) -> None:
        self._accounts = {spec.id: spec for spec in accounts}
        self._quoted_in = {symbol: spec.quote for symbol, spec in instruments.items()}
        self._digits = {symbol: spec.digits for symbol, spec in instruments.items()}
        self._digits.update(price_digits or {})
        self._quotes: dict[str, tuple[int, int]] = {}

    def observe(self, message: BarClosed | Tick) -> None:
        """Take the bid and ask of a tick or of a bar's close, in integer points."""
        if isinstance(message, Tick):
            self._quotes[message.symbol] = (message.bid, message.ask)
        else:
            close = message.close
            self._quotes[message.symbol] = (close, close + message.spread_close)

    def mark(self, account: str, symbol: str, quantity: int) -> Mark | None:
        """Return the mid (one digit finer) or the price that would close the position."""
        spec, quote = self._accounts.get(account), self._quotes.get(symbol)
        if not spec or not quote or self._quoted_in.get(symbol) != spec.currency:
            return None
        bid, ask = quote
        if spec.mark == "mid":
            return Mark((bid + ask) * 5, self._digits[symbol] + 1)
        return Mark(bid if quantity > 0 else ask, self._digits[symbol])

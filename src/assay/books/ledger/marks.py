"""Prices at which open positions are valued."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple, Protocol

from assay.model.accounts import AccountSpec
from assay.model.instruments import Instrument
from assay.model.messages import BarClosed


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


class BarMarks:
    """Keep the last bid and ask of each symbol's closed bars.

    It answers only where the quote currency is the account's own, so no rate is needed.
    """

    def __init__(
        self, accounts: Iterable[AccountSpec], instruments: Mapping[str, Instrument]
    ) -> None:
        self._accounts = {spec.id: spec for spec in accounts}
        self._instruments = dict(instruments)
        self._quotes: dict[str, tuple[int, int]] = {}

    def observe(self, bar: BarClosed) -> None:
        """Take the bid and ask at a bar's close, in integer points."""
        self._quotes[bar.symbol] = (bar.close, bar.close + bar.spread_close)

    def mark(self, account: str, symbol: str, quantity: int) -> Mark | None:
        """Return the mid (one digit finer) or the price that would close the position."""
        spec, instrument = self._accounts.get(account), self._instruments.get(symbol)
        quote = self._quotes.get(symbol)
        if not spec or not instrument or not quote or instrument.quote != spec.currency:
            return None
        bid, ask = quote
        if spec.mark == "mid":
            return Mark((bid + ask) * 5, instrument.digits + 1)
        return Mark(bid if quantity > 0 else ask, instrument.digits)

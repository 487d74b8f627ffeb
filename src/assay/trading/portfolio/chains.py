"""From one currency to another over quoted symbols, each leg at the side that hurts."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from fractions import Fraction
from typing import NamedTuple

from assay.model.instruments import Instrument


class Leg(NamedTuple):
    """Name a symbol that turns one currency into another; `sells` its base, or else its quote."""

    symbol: str
    sells: bool


class Quote(NamedTuple):
    """Hold a bid and an ask in integer points."""

    bid: int
    ask: int


class Chains:
    """Keep the last quote of each symbol, and find the shortest chain between two currencies.

    Among chains of one length the symbols named first win. `digits` tells the grid of a symbol's
    prices where it is not the instrument's.
    """

    def __init__(
        self, instruments: Mapping[str, Instrument], digits: Mapping[str, int] | None = None
    ) -> None:
        self.instruments: dict[str, Instrument] = {}
        self.digits: dict[str, int] = {}
        self.quotes: dict[str, Quote] = {}
        self._found: dict[tuple[str, str], tuple[Leg, ...] | None] = {}
        for symbol, spec in instruments.items():
            self.add(symbol, spec)
        self.digits |= dict(digits or {})

    def add(self, symbol: str, instrument: Instrument) -> None:
        """Take a symbol in."""
        self.instruments[symbol] = instrument
        self.digits[symbol] = instrument.digits

    def observe(self, symbol: str, bid: int, ask: int) -> None:
        """Take a quote; one without a price above 0 is as good as none."""
        if symbol not in self.instruments or not 0 < bid <= ask:
            self._forget(symbol)
            return
        if symbol not in self.quotes:
            self._found.clear()
        self.quotes[symbol] = Quote(bid, ask)

    def find(self, source: str, target: str) -> tuple[Leg, ...] | None:
        """Return the legs from one currency to another; None where nothing quoted leads there."""
        key = (source, target)
        if key not in self._found:
            self._found[key] = self._search(source, target)
        return self._found[key]

    def rate(self, source: str, target: str, *, buys: bool) -> Fraction | None:
        """Return what one unit of `source` costs in `target` to buy, or brings when sold.

        Selling goes from bid to bid, or over the ask of what is quoted the other way; buying the
        other way round. None where there is no chain.
        """
        legs = self.find(source, target)
        if legs is None:
            return None
        rate = Fraction(1)
        for leg in legs:
            bid, ask = self.quotes[leg.symbol]
            scale = 10 ** self.digits[leg.symbol]
            # What is quoted the other way is bought with the other currency, at its other side.
            price = ask if leg.sells == buys else bid
            rate *= Fraction(price, scale) if leg.sells else Fraction(scale, price)
        return rate

    def convert(self, amount: Fraction, source: str, target: str) -> Fraction | None:
        """Turn an amount into another currency: what is owned is sold, what is owed is bought."""
        rate = self.rate(source, target, buys=amount < 0)
        return None if rate is None else amount * rate

    def _search(self, source: str, target: str) -> tuple[Leg, ...] | None:
        reached: dict[str, tuple[Leg, ...]] = {source: ()}
        waiting = deque([source])
        while waiting and target not in reached:
            currency = waiting.popleft()
            for name, spec in self.instruments.items():
                if name not in self.quotes or currency not in (spec.base, spec.quote):
                    continue
                sells = currency == spec.base
                onward = spec.quote if sells else spec.base
                if onward not in reached:
                    reached[onward] = (*reached[currency], Leg(name, sells))
                    waiting.append(onward)
        return reached.get(target)

    def _forget(self, symbol: str) -> None:
        if self.quotes.pop(symbol, None):
            self._found.clear()

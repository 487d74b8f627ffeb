"""Quotes as the server has them: the latest, those before, and the bars that they make."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from fractions import Fraction

from assay.model.errors import UsageError
from assay.model.time import MINUTE
from assay.model.values import round_to_scale
from assay.trading.terminal.profile import BrokerProfile, SymbolTerms
from assay.trading.terminal.records import LOT, LOT_DIGITS, Quote
from assay.trading.terminal.wallclock import WallClock

UNLIMITED: int = 10**9 * LOT


class SymbolMarket:
    """Hold what is known of one symbol: its contract in whole numbers, its quote, its past.

    Columns of `ticks` are ts, bid, ask; columns of `bars` are the wall-clock minute, open, high,
    low, close of the bid, the number of ticks and the smallest spread.
    """

    def __init__(self, terms: SymbolTerms, clock: WallClock) -> None:
        self._clock = clock
        self.bid = self.ask = self.ts = 0
        self.day = -1
        self.day_high_bid = self.day_low_bid = self.day_high_ask = self.day_low_ask = 0
        self.left_buy: int = UNLIMITED
        self.left_sell: int = UNLIMITED
        self.ticks: tuple[array[int], array[int], array[int]] = (
            array("q"), array("q"), array("q"),
        )  # fmt: skip
        self.bars: list[array[int]] = [array("q") for _ in range(7)]
        self.change(terms)

    def change(self, terms: SymbolTerms) -> None:
        """Take a new contract; the quotes stay."""
        self.terms = terms
        self.digits = terms.digits
        self.scale: int = 10**terms.digits
        self.volume_min = round_to_scale(terms.volume_min, LOT_DIGITS)
        self.volume_max = round_to_scale(terms.volume_max, LOT_DIGITS)
        self.volume_step = round_to_scale(terms.volume_step, LOT_DIGITS)
        self.volume_limit = round_to_scale(terms.volume_limit, LOT_DIGITS)
        self.depth = round_to_scale(terms.depth, LOT_DIGITS)
        self.contract = Fraction(terms.contract_size)

    def remember(self, quote: Quote) -> None:
        """Take a quote into the past and make it the latest."""
        self.bid, self.ask, self.ts = quote.bid, quote.ask, quote.ts
        depth = quote.depth or self.depth or UNLIMITED
        self.left_buy = self.left_sell = depth
        for column, value in zip(self.ticks, (quote.ts, quote.bid, quote.ask), strict=True):
            column.append(value)
        wall = self._clock.wall(quote.ts)
        self._extend_bar(wall // MINUTE * MINUTE, quote.bid, quote.ask - quote.bid)
        self._extend_day(wall // (1440 * MINUTE))

    def _extend_bar(self, minute: int, bid: int, spread: int) -> None:
        opened, _, high, low, close, ticks, spreads = self.bars
        if opened and opened[-1] == minute:
            high[-1], low[-1] = max(high[-1], bid), min(low[-1], bid)
            close[-1] = bid
            ticks[-1] += 1
            spreads[-1] = min(spreads[-1], spread)
            return
        for column, value in zip(self.bars, (minute, bid, bid, bid, bid, 1, spread), strict=True):
            column.append(value)

    def _extend_day(self, day: int) -> None:
        if day != self.day:
            self.day = day
            self.day_high_bid = self.day_low_bid = self.bid
            self.day_high_ask = self.day_low_ask = self.ask
            return
        self.day_high_bid = max(self.day_high_bid, self.bid)
        self.day_low_bid = min(self.day_low_bid, self.bid)
        self.day_high_ask = max(self.day_high_ask, self.ask)
        self.day_low_ask = min(self.day_low_ask, self.ask)

    def touch(self, side: int) -> int:
        """Return the price at which an order of that side is executed now."""
        return self.ask if side > 0 else self.bid

    def available(self, side: int) -> int:
        """Return the volume that the quote still has for an order of that side."""
        return self.left_buy if side > 0 else self.left_sell

    def consume(self, side: int, volume: int) -> None:
        """Take volume away from the quote; two orders never fill from the same."""
        if side > 0:
            self.left_buy -= volume
        else:
            self.left_sell -= volume


class Market:
    """Hold every symbol of a broker, and what one currency is worth in another."""

    def __init__(self, profile: BrokerProfile, clock: WallClock) -> None:
        self.clock = clock
        self.symbols = {terms.name: SymbolMarket(terms, clock) for terms in profile.symbols}
        self._pairs = {
            (terms.currency_base, terms.currency_profit): self.symbols[terms.name]
            for terms in reversed(profile.symbols)
        }

    def take(self, quote: Quote) -> SymbolMarket:
        """Take a quote in; raise UsageError for a symbol that the profile has not."""
        found = self.symbols.get(quote.symbol)
        if found is None:
            raise UsageError(f"the profile has no symbol {quote.symbol!r}")
        found.remember(quote)
        return found

    def is_open(self, symbol: SymbolMarket, now: int) -> bool:
        """Say whether the symbol trades at that instant."""
        minute = self.clock.week_minute(now)
        return any(start <= minute < end for start, end in symbol.terms.sessions)

    def rate(self, have: str, want: str, *, gain: bool) -> Fraction | None:
        """Return what one unit of `have` is in `want`, at the side that hurts; None if unquoted.

        A gain is sold at the lower price and a loss bought at the higher.
        """
        if have == want:
            return Fraction(1)
        direct = self._one_pair(have, want, gain=gain)
        if direct is not None:
            return direct
        for middle in self._currencies():
            first = self._one_pair(have, middle, gain=gain)
            second = self._one_pair(middle, want, gain=gain)
            if first is not None and second is not None:
                return first * second
        return None

    def _one_pair(self, have: str, want: str, *, gain: bool) -> Fraction | None:
        pair = self._pairs.get((have, want))
        if pair is not None and pair.ts:
            return Fraction(pair.bid if gain else pair.ask, pair.scale)
        pair = self._pairs.get((want, have))
        if pair is not None and pair.ts:
            return Fraction(pair.scale, pair.ask if gain else pair.bid)
        return None

    def _currencies(self) -> Iterable[str]:
        return sorted({currency for pair in self._pairs for currency in pair})

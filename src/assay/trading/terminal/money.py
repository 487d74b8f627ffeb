"""Profit, margin and equity of an account, exact until one rounding to its minor unit."""

from __future__ import annotations

from fractions import Fraction

from assay.trading.terminal.holdings import Holding
from assay.trading.terminal.market import Market, SymbolMarket
from assay.trading.terminal.profile import AccountTerms, BrokerProfile
from assay.trading.terminal.records import LOT, Book, Position, round_ratio


class Reckoning:
    """Reckon in the currency of one account, on the quotes of the market as they are."""

    def __init__(self, profile: BrokerProfile, account: AccountTerms, market: Market) -> None:
        self._profile = profile
        self._account = account
        self._market = market
        self._stopout = Fraction(account.stopout)
        self._minor: int = 10**account.currency_digits

    def profit(self, symbol: SymbolMarket, side: int, gained: int) -> int | None:
        """Return minor units of `gained` points x volume (closing less opening cost).

        None where the profit's currency cannot be converted for want of a quote.
        """
        raw = side * gained
        rate = self._market.rate(
            symbol.terms.currency_profit, self._account.currency, gain=raw >= 0
        )
        if rate is None:
            return None
        return round(Fraction(raw, symbol.scale * LOT) * symbol.contract * rate * self._minor)

    def floating(self, position: Position) -> int:
        """Return the unrealised profit of a position at the price that would close it."""
        symbol = self._market.symbols[position.symbol]
        if not symbol.ts:
            return 0
        gained = symbol.touch(-position.side) * position.volume - position.cost
        return self.profit(symbol, position.side, gained) or 0

    def margin(
        self, symbol: SymbolMarket, side: int, volume: int, price: int, now: int
    ) -> int | None:
        """Return what volume opened at a price ties up; None where it cannot be converted."""
        terms = symbol.terms
        unit = Fraction(terms.margin_initial) or symbol.contract
        return self._tie_up(symbol, side, (volume, price, unit), now)

    def _tie_up(
        self, symbol: SymbolMarket, side: int, held: tuple[int, int, Fraction], now: int
    ) -> int | None:
        terms = symbol.terms
        volume, price, unit = held
        amount = Fraction(volume, LOT) * unit * Fraction(terms.margin_rate)
        if terms.calculation.startswith("cfd") and not terms.margin_initial:
            amount *= Fraction(price, symbol.scale)
        if terms.calculation in ("forex", "cfd_leverage"):
            amount /= self.leverage(now)
        rate = self._margin_rate(symbol, side, price)
        return None if rate is None else round(amount * rate * self._minor)

    def _margin_rate(self, symbol: SymbolMarket, side: int, price: int) -> Fraction | None:
        have, want = symbol.terms.margin_currency, self._account.currency
        if (have, want) == (symbol.terms.currency_base, symbol.terms.currency_profit):
            return Fraction(price, symbol.scale)
        return self._market.rate(have, want, gain=side < 0)

    def leverage(self, now: int) -> int:
        """Return by what the broker divides margin now: less over a weekend."""
        if self._profile.weekend_leverage == 1:
            return self._account.leverage
        is_weekend = self._market.clock.week_minute(now) >= self._profile.weekend_from
        divisor = self._profile.weekend_leverage if is_weekend else 1
        return max(1, self._account.leverage // divisor)

    def is_margin_fixed(self, holdings: dict[str, Holding]) -> bool:
        """Say whether no quote changes the margin of what is held."""
        terms = [self._market.symbols[name].terms for name in holdings]
        return all(
            one.margin_currency == self._account.currency
            or (one.margin_currency, self._account.currency)
            == (one.currency_base, one.currency_profit)
            for one in terms
        )

    def margin_used(self, holdings: dict[str, Holding], now: int) -> int:
        """Return the margin of all open positions, hedged volume as the profile has it."""
        return sum(
            self._margin_of_symbol(self._market.symbols[name], held, now)
            for name, held in holdings.items()
        )

    def _margin_of_symbol(self, symbol: SymbolMarket, held: Holding, now: int) -> int:
        sides = {
            1: (held.long_volume, held.long_cost), -1: (held.short_volume, held.short_cost),
        }  # fmt: skip
        used = {
            side: self.margin(symbol, side, volume, round_ratio(cost, volume), now) or 0
            for side, (volume, cost) in sides.items()
            if volume
        }
        if len(used) < 2 or symbol.terms.margin_hedged_use_leg:
            return max(used.values())
        smaller = min(sides[1][0], sides[-1][0])
        larger = 1 if sides[1][0] > sides[-1][0] else -1
        volume, cost = sides[larger]
        open_part = 0
        if volume > smaller:
            price = round_ratio(cost, volume)
            open_part = self.margin(symbol, larger, volume - smaller, price, now) or 0
        both = sides[1][0] + sides[-1][0]
        price = round_ratio(sides[1][1] + sides[-1][1], both)
        hedged = (smaller, price, Fraction(symbol.terms.margin_hedged))
        return open_part + (self._tie_up(symbol, larger, hedged, now) or 0)

    def floating_total(self, book: Book) -> int:
        """Return unrealised profit with swap of all positions."""
        return sum(self.floating(held) + held.swap for held in book.positions.values())

    def equity(self, book: Book) -> int:
        """Return balance plus what is unrealised."""
        return book.balance + self.floating_total(book)

    def is_stopped_out(self, book: Book, holdings: dict[str, Holding], used: int) -> bool:
        """Say whether equity has fallen to the broker's stop-out, `used` being the margin."""
        if self._account.stopout_mode == "money":
            least = self._stopout * self._minor
        elif used:
            least = self._stopout * used / 100
        else:
            return False
        floor = self._equity_floor(book, holdings)
        if floor is not None and floor > least:
            return False
        return bool(self.equity(book) <= least)

    def _equity_floor(self, book: Book, holdings: dict[str, Holding]) -> float | None:
        """Return what equity is at least, without going through positions; None if unknown.

        Only profits in the account's own currency add up: others are converted by their signs.
        """
        floor = float(book.balance)
        for name, held in holdings.items():
            symbol = self._market.symbols[name]
            if symbol.terms.currency_profit != self._account.currency or not symbol.ts:
                return None
            gained = symbol.bid * held.long_volume - held.long_cost
            gained += held.short_cost - symbol.ask * held.short_volume
            floor += gained * float(symbol.contract) * self._minor / (symbol.scale * LOT)
            floor += held.swap - held.number
        return floor - 1

"""One account at one moment: what it is worth, exposed to, and owes to whom."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

from assay.model.accounts import AccountSpec
from assay.model.instruments import Instrument
from assay.trading.portfolio.chains import Chains
from assay.trading.portfolio.state import Holding, Portfolio


class Line(NamedTuple):
    """Hold a symbol's or a strategy's profit and its parts, in minor units of the account."""

    realised: int = 0
    unrealised: int = 0
    swap: int = 0
    commission: int = 0
    spread_cost: int = 0
    slippage_cost: int = 0
    fills: int = 0

    @property
    def net(self) -> int:
        """Return the profit after all that was paid; spread and slippage are in the prices."""
        return self.realised + self.unrealised + self.swap - self.commission

    def add(self, other: Line) -> Line:
        """Return the sum of two lines."""
        return Line(*(mine + its for mine, its in zip(self, other, strict=True)))


class PortfolioView(NamedTuple):
    """Hold an account's state in minor units of its currency.

    `exposure` is by currency: what is owned (above 0) or owed of each, the account's own from
    positions alone; `gross` by symbol what is held of it, without sign. `unpriced` are symbols
    that nothing quoted values: they are in no figure, so nothing should be decided on the rest.
    """

    currency: str
    digits: int
    cash: int
    total: Line
    by_symbol: dict[str, Line]
    by_strategy: dict[str, Line]
    exposure: dict[str, int]
    gross: dict[str, int]
    unpriced: tuple[str, ...]

    @property
    def balance(self) -> int:
        """Return the money of closed business."""
        return self.cash + self.total.net - self.total.unrealised

    @property
    def equity(self) -> int:
        """Return the balance and what open positions would bring."""
        return self.cash + self.total.net


def view_account(portfolio: Portfolio, account: str) -> PortfolioView:
    """Value an account at the last quotes; unrealised profit as its mark says, mid or exit.

    A profit in another currency is sold for the account's, a loss bought; so are exposures.
    """
    spec, chains = portfolio.specs[account], portfolio.chains
    by_symbol: dict[str, Line] = {}
    by_strategy: dict[str, Line] = {}
    owned: dict[str, Fraction] = {}
    gross: dict[str, int] = {}
    unpriced = []
    for symbol, holders in portfolio.holdings(account).items():
        instrument = chains.instruments[symbol]
        for strategy, holding in holders.items():
            floating = _unrealised(holding, instrument, chains, spec)
            if floating is None:
                unpriced.append(symbol)
            line = _line(holding, floating or 0)
            by_symbol[symbol] = by_symbol.get(symbol, Line()).add(line)
            by_strategy[strategy] = by_strategy.get(strategy, Line()).add(line)
        units = sum(holding.quantity for holding in holders.values())
        if units and symbol not in unpriced:
            sides = list(_sides(units, symbol, chains))
            for currency, amount in sides:
                owned[currency] = owned.get(currency, Fraction(0)) + amount
            gross[symbol] = abs(_money(sides[0], chains, spec) or 0)
    shown = {name: _money((name, amount), chains, spec) for name, amount in owned.items()}
    return PortfolioView(
        spec.currency, spec.currency_digits, spec.cash, _total(by_symbol), by_symbol, by_strategy,
        {name: amount for name, amount in shown.items() if amount is not None}, gross,
        tuple(dict.fromkeys(unpriced)),
    )  # fmt: skip


def _line(holding: Holding, floating: int) -> Line:
    return Line(
        holding.realised, floating, holding.swap, holding.commission, holding.spread_cost,
        holding.slippage_cost, holding.fills,
    )  # fmt: skip


def _total(lines: dict[str, Line]) -> Line:
    whole = Line()
    for line in lines.values():
        whole = whole.add(line)
    return whole


def _unrealised(
    holding: Holding, instrument: Instrument, chains: Chains, spec: AccountSpec
) -> int | None:
    if not holding.quantity:
        return 0
    quote = chains.quotes.get(instrument.symbol)
    if quote is None:
        return None
    if spec.mark == "mid":
        price = Fraction(quote.bid + quote.ask, 2)
    else:
        price = Fraction(quote.bid if holding.quantity > 0 else quote.ask)
    worth = holding.quantity * price / 10 ** chains.digits[instrument.symbol]
    paid = Fraction(holding.cost, 10**holding.price_digits)
    profit = (worth - paid) / 10**instrument.quantity_digits
    return _money((instrument.quote, profit), chains, spec)


def _sides(units: int, symbol: str, chains: Chains) -> Iterator[tuple[str, Fraction]]:
    """Yield what a position owns and owes: its base, and its quote at the price that closes it."""
    instrument, quote = chains.instruments[symbol], chains.quotes[symbol]
    amount = Fraction(units, 10**instrument.quantity_digits)
    price = Fraction(quote.bid if units > 0 else quote.ask, 10 ** chains.digits[symbol])
    yield instrument.base, amount
    yield instrument.quote, -amount * price


def _money(owned: tuple[str, Fraction], chains: Chains, spec: AccountSpec) -> int | None:
    """Return an amount of a currency in minor units of the account, half-even."""
    found = chains.convert(owned[1], owned[0], spec.currency)
    return None if found is None else round(found * 10**spec.currency_digits)

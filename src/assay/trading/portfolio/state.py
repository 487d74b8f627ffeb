"""What accounts hold and made, followed from the messages of trading and of the market."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import msgspec

from assay.model.accounts import AccountSpec
from assay.model.errors import InvariantError
from assay.model.instruments import Instrument
from assay.model.messages import (
    BarClosed,
    Message,
    OrderCancelled,
    OrderFilled,
    OrderSubmitted,
    SwapCharged,
    Tick,
)
from assay.trading.portfolio.chains import Chains

UNKNOWN = ""
"""The strategy of what nobody here ordered, such as a fill that the broker reported by itself."""


class Holding(msgspec.Struct, kw_only=True):
    """Hold what one strategy has and made of one symbol in one account.

    `quantity` is in signed integer units, `cost` the sum of units x price of the open part in
    10^-(quantity_digits + price_digits) of the quote currency; the rest in minor units of the
    account, where commission, spread and slippage are costs and a negative swap is one.
    """

    quantity: int = 0
    cost: int = 0
    price_digits: int = 0
    realised: int = 0
    swap: int = 0
    commission: int = 0
    spread_cost: int = 0
    slippage_cost: int = 0
    fills: int = 0

    def apply(self, quantity: int, price: int, price_digits: int) -> None:
        """Change the open part by a fill; its profit is told by the message."""
        if price_digits > self.price_digits:
            self.cost *= 10 ** (price_digits - self.price_digits)
            self.price_digits = price_digits
        price *= 10 ** (self.price_digits - price_digits)
        held = self.quantity
        if held * quantity >= 0:
            self.cost += quantity * price
        elif abs(quantity) <= abs(held):
            self.cost -= round(Fraction(self.cost * -quantity, held))
        else:
            self.cost = (held + quantity) * price
        self.quantity += quantity


class _Account(msgspec.Struct, kw_only=True):
    """Hold holdings by symbol and strategy, who trades a symbol, and orders on their way."""

    holdings: dict[str, dict[str, Holding]] = {}
    traders: dict[str, str] = {}
    orders: dict[int, str] = {}


class Portfolio:
    """Follow accounts from message to message, in their order.

    A fill belongs to the strategy that sent its order; one that nobody sent (a stop, a stop-out)
    to the strategy that traded the symbol last. `digits` is that of `Chains`; of what is traded, a
    fill tells it.
    """

    name = "portfolio"
    consumes: tuple[type[Message], ...] = (
        OrderSubmitted, OrderCancelled, OrderFilled, SwapCharged, BarClosed, Tick,
    )  # fmt: skip
    publishes: tuple[type[Message], ...] = ()

    def __init__(
        self,
        accounts: Sequence[AccountSpec],
        instruments: Mapping[str, Instrument],
        digits: Mapping[str, int] | None = None,
    ) -> None:
        self.specs = {spec.id: spec for spec in accounts}
        self.chains = Chains(instruments, digits)
        self._accounts = {spec.id: _Account() for spec in accounts}
        # Any: each method takes the one type of message that is its key.
        self._takers: dict[type[Message], Any] = {
            OrderSubmitted: self._take_order,
            OrderCancelled: self._take_cancel,
            OrderFilled: self._take_fill,
            SwapCharged: self._take_swap,
            BarClosed: self._take_bar,
            Tick: self._take_tick,
        }

    def handle(self, message: Message) -> list[Message]:
        """Take a message; other types, and those of other accounts, pass by."""
        if take := self._takers.get(type(message)):
            take(message)
        return []

    def holdings(self, account: str) -> Mapping[str, Mapping[str, Holding]]:
        """Return an account's holdings by symbol and strategy."""
        return self._accounts[account].holdings

    def snapshot(self) -> bytes:
        """Return the bytes of everything but the configuration."""
        return msgspec.msgpack.encode((self._accounts, self.chains.quotes, self.chains.digits))

    def restore(self, taken: bytes) -> None:
        """Go on from a snapshot."""
        kind = tuple[dict[str, _Account], dict[str, tuple[int, int]], dict[str, int]]
        self._accounts, quotes, self.chains.digits = msgspec.msgpack.decode(taken, type=kind)
        for symbol, (bid, ask) in quotes.items():
            self.chains.observe(symbol, bid, ask)

    def _take_order(self, order: OrderSubmitted) -> None:
        if account := self._accounts.get(order.account):
            account.orders[order.key] = order.strategy

    def _take_cancel(self, order: OrderCancelled) -> None:
        if account := self._accounts.get(order.account):
            account.orders.pop(order.key, None)

    def _take_fill(self, fill: OrderFilled) -> None:
        account = self._accounts.get(fill.account)
        if account is None:
            return
        trader = account.traders.get(fill.symbol, UNKNOWN)
        strategy = account.orders.pop(fill.key, trader)
        account.traders[fill.symbol] = strategy
        self.chains.digits[fill.symbol] = fill.price_digits
        holding = self._holding(account, fill.symbol, strategy)
        holding.apply(fill.quantity, fill.price, fill.price_digits)
        holding.realised += fill.profit
        holding.commission += fill.commission
        holding.spread_cost += fill.spread_cost
        holding.slippage_cost += fill.slippage_cost
        holding.fills += 1
        held = sum(each.quantity for each in account.holdings[fill.symbol].values())
        if held != fill.position:
            raise InvariantError(
                f"{fill.account} holds {held} of {fill.symbol}, its fill says {fill.position}"
            )

    def _take_swap(self, swap: SwapCharged) -> None:
        if account := self._accounts.get(swap.account):
            trader = account.traders.get(swap.symbol, UNKNOWN)
            self._holding(account, swap.symbol, trader).swap += swap.amount

    def _take_bar(self, bar: BarClosed) -> None:
        self.chains.observe(bar.symbol, bar.close, bar.close + bar.spread_close)

    def _take_tick(self, tick: Tick) -> None:
        self.chains.observe(tick.symbol, tick.bid, tick.ask)

    @staticmethod
    def _holding(account: _Account, symbol: str, strategy: str) -> Holding:
        return account.holdings.setdefault(symbol, {}).setdefault(strategy, Holding())

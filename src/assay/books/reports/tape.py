"""What the journal tells of one account, message by message, until it is a record like a run's."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from msgspec import UNSET

from assay.books.analytics.excursions import measure_excursions
from assay.books.analytics.execution import Execution, SentOrder, measure_execution
from assay.books.analytics.quotes import Quotes
from assay.books.analytics.trades import ClosedTrade, close_trades
from assay.books.reports.record import RunRecord
from assay.books.reports.result import FILL_COLUMNS, BacktestResult
from assay.model.messages import (
    AccountReported,
    BarClosed,
    DecisionMade,
    EntryPosted,
    EquityMarked,
    Message,
    OrderDenied,
    OrderFilled,
    OrderSubmitted,
    Predicted,
    SwapCharged,
)

DEPOSIT = "cash"
CERTAIN = 10_000
LIVE = "live"
SHOWN = 3
"""Digits of an account's number that are shown to others."""
BOOK_KINDS = (
    "EntryPosted", "OrderSubmitted", "OrderDenied", "OrderFilled", "SwapCharged", "EquityMarked",
    "DecisionMade",
)  # fmt: skip
TAPE_KINDS = (*BOOK_KINDS, "Predicted", "BarClosed", "AccountReported")
"""Kinds of a tape that also tells models, excursions and delays."""


class Contract(NamedTuple):
    """Hold how a symbol is counted: decimals of its volume, and a pip in its price."""

    quantity_digits: int
    pip: float


class Entry(NamedTuple):
    """Hold why a position was entered: by which strategy and model, and how sure it was."""

    strategy: str
    model: str
    probability: float | None


def describe_venue(told: AccountReported) -> str:
    """Return whose account it is, its number masked but for its end.

    >>> shared = {"id": 1, "ts_event": 0, "ts_init": 0, "account": "a", "margin_mode": "netting"}
    >>> money = dict.fromkeys(("balance", "credit", "equity", "margin", "level"), 0)
    >>> describe_venue(AccountReported(login=5012345678, server="Broker-Demo", mode="demo",
    ...     currency="USD", currency_digits=2, connected=True, trade_allowed=True,
    ...     **shared, **money))
    'Broker-Demo, demo account •••678, netting'
    """
    number = str(told.login)
    masked = f"•••{number[-SHOWN:]}" if len(number) > SHOWN else "•••"
    return f"{told.server}, {told.mode} account {masked}, {told.margin_mode}"


class Marks:
    """Hold the worth of an account; with `every` (ns), the last mark of each such span alone."""

    def __init__(self, every: int = 0) -> None:
        self._every = every
        self._columns = [array("q") for _ in range(4)]
        self._peak = self.first = self.last = 0
        self.deepest = 0.0

    def take(self, mark: EquityMarked) -> None:
        """Note the worth after a bar."""
        self.first, self.last = self.first or mark.ts_event, mark.ts_event
        self._peak = max(self._peak, mark.equity)
        if self._peak > 0:
            self.deepest = max(self.deepest, 1.0 - mark.equity / self._peak)
        row = (mark.ts_event, mark.balance, mark.equity, mark.margin)
        times = self._columns[0]
        if self._every and times and times[-1] // self._every == mark.ts_event // self._every:
            for column in self._columns:
                column.pop()
        for column, value in zip(self._columns, row, strict=True):
            column.append(value)

    def columns(self) -> list[npt.NDArray[np.int64]]:
        """Return times, balance, equity and margin as arrays."""
        return [np.array(column, np.int64) for column in self._columns]


class AccountTape:
    """Take the messages of one account of a run, in their order, and tell what they came to.

    `contract_of` tells how a symbol is counted. Messages of other accounts pass by.
    """

    def __init__(
        self, account: str, contract_of: Callable[[str], Contract], *, every: int = 0
    ) -> None:
        self.account, self.currency, self.currency_digits = account, "", 2
        self.cash = self.swaps = 0
        self.marks = Marks(every)
        self.orders: list[SentOrder] = []
        self.entries: dict[tuple[str, int], Entry] = {}
        self.strategies: Counter[str] = Counter()
        self.venue: AccountReported | None = None
        self._contract_of = contract_of
        self._contracts: dict[str, Contract] = {}
        self._fills: list[tuple[Any, ...]] = []
        self._tickets: list[int] = []
        self._executions: list[Execution] = []
        self._closed: tuple[int, list[ClosedTrade]] = (0, [])
        self._digits: dict[str, int] = {}
        self._swaps: Counter[str] = Counter()
        self._models: dict[str, str] = {}
        self._bars: dict[str, array[int]] = {}
        self._decided: dict[tuple[str, int], Entry] = {}
        self._wanted: dict[int, Entry] = {}
        # Any: each method takes the one type of message that is its key.
        self._takers: dict[type[Message], Callable[[Any], None]] = {
            EntryPosted: self._take_entry, EquityMarked: self.marks.take,
            DecisionMade: self._take_decision, OrderSubmitted: self._take_order,
            OrderDenied: self._take_denial, OrderFilled: self._take_fill,
            SwapCharged: self._take_swap, AccountReported: self._take_report,
        }  # fmt: skip

    def take(self, message: Message) -> None:
        """Note one message; those that say nothing of the account pass by."""
        if isinstance(message, BarClosed):
            self._take_bar(message)
        elif isinstance(message, Predicted):
            self._models[message.symbol] = message.model
        elif getattr(message, "account", None) == self.account:
            taker = self._takers.get(type(message))
            if taker is not None:
                taker(message)

    def _take_bar(self, bar: BarClosed) -> None:
        row = (bar.ts_open, bar.ts_event, bar.low, bar.high, bar.close, bar.spread_low,
               bar.spread_high, bar.spread_close)  # fmt: skip
        self._bars.setdefault(bar.symbol, array("q")).extend(row)

    def _take_entry(self, entry: EntryPosted) -> None:
        self.currency, self.currency_digits = entry.currency, entry.currency_digits
        if entry.source == 0:
            self.cash += sum(line.amount for line in entry.lines if line.account == DEPOSIT)

    def _take_decision(self, made: DecisionMade) -> None:
        self.strategies[made.strategy] += 1
        if made.outcome in ("", "enter"):
            sure = None if made.probability is None else made.probability / CERTAIN
            entry = Entry(made.strategy, self._models.get(made.symbol, ""), sure)
            self._decided[made.symbol, made.ts_bar] = entry

    def _take_order(self, order: OrderSubmitted) -> None:
        self._send(order, "")
        decided = self._decided.pop((order.symbol, order.ts_bar), None)
        if decided is not None:
            self._wanted[order.key] = decided

    def _take_denial(self, order: OrderDenied) -> None:
        self._send(order, order.reason)
        self._decided.pop((order.symbol, order.ts_event), None)

    def _send(self, order: OrderSubmitted | OrderDenied, denied: str) -> None:
        units = order.quantity / 10 ** self._contract(order.symbol).quantity_digits
        self.orders.append(
            SentOrder(order.key, order.ts_event, order.symbol, units, order.order_type, denied)
        )

    def _take_fill(self, fill: OrderFilled) -> None:
        symbol, minor = fill.symbol, 10.0**self.currency_digits
        units = fill.quantity / 10 ** self._contract(symbol).quantity_digits
        price = fill.price / 10**fill.price_digits
        self._digits[symbol] = fill.price_digits
        wanted = self._wanted.pop(fill.key, None)
        if wanted is not None:
            self.entries[symbol, fill.ts_event] = wanted
        self._tickets.append(0 if fill.ticket is UNSET else fill.ticket)
        self._fills.append(
            (fill.ts_event, symbol, "buy" if units > 0 else "sell", abs(units), price,
             fill.commission / minor, self._swaps.pop(symbol, 0) / minor, fill.profit / minor,
             fill.key, fill.kind, fill.reason, fill.spread_cost / minor,
             fill.slippage_cost / minor)
        )  # fmt: skip
        self._executions.append(
            Execution(
                fill.key, fill.ts_event, symbol, units, price, fill.spread_cost / minor,
                fill.slippage_cost / minor, fill.commission / minor, fill.rate_num / fill.rate_den,
                fill.reason,
            )
        )  # fmt: skip

    def _take_report(self, told: AccountReported) -> None:
        self.venue = told

    def _take_swap(self, swap: SwapCharged) -> None:
        self._swaps[swap.symbol] += swap.amount
        self.swaps += swap.amount

    def _contract(self, symbol: str) -> Contract:
        if symbol not in self._contracts:
            self._contracts[symbol] = self._contract_of(symbol)
        return self._contracts[symbol]

    def result(self) -> BacktestResult:
        """Return the worth and the fills so far."""
        columns = zip(*self._fills, strict=True) if self._fills else [()] * len(FILL_COLUMNS)
        fills = pa.table(
            {name: list(column) for name, column in zip(FILL_COLUMNS, columns, strict=True)}
        )
        if any(self._tickets):
            fills = fills.append_column("ticket", [self._tickets])
        marks = self.marks.columns()
        return BacktestResult(
            symbols=sorted(self._contracts) or sorted(self._bars),
            strategy=self.strategy,
            params={}, currency=self.currency or "-", currency_digits=self.currency_digits,
            cash=self.cash, fills=fills, totals={"swap": self.swaps}, times=marks[0],
            balance=marks[1], equity=marks[2], margin=marks[3],
        )  # fmt: skip

    @property
    def strategy(self) -> str:
        """Return the strategy that decided most."""
        return self.strategies.most_common(1)[0][0] if self.strategies else "no strategy"

    def trades(self) -> list[ClosedTrade]:
        """Return the closed trades so far; they are made out anew after another fill alone."""
        if self._closed[0] != len(self._fills):
            self._closed = len(self._fills), close_trades(self.result().read_fills())
        return self._closed[1]

    def quotes(self) -> Mapping[str, Quotes]:
        """Return the bars of the symbols that were traded, as prices."""
        return {
            symbol: Quotes.of_points((rows[0], rows[1]), rows[2:], self._digits[symbol])
            for symbol, bars in self._bars.items()
            if symbol in self._digits and (rows := np.array(bars, np.int64).reshape(-1, 8).T).size
        }

    def record(self, origin: str, place: str = "") -> RunRecord:
        """Return all as a record, which a tear sheet, a comparison and a diff read.

        What a venue filled is live whatever `origin` and `place` say, which are of the rest.
        """
        if self.venue is not None:
            origin, place = LIVE, describe_venue(self.venue)
        result, quotes = self.result(), self.quotes()
        trades = self.trades()
        return RunRecord(
            name=self.account, origin=origin, place=place, result=result, trades=trades,
            orders=self.orders, quality=measure_execution(self.orders, self._executions, quotes),
            pips={symbol: each.pip for symbol, each in self._contracts.items()},
            excursions=measure_excursions(trades, quotes),
        )  # fmt: skip

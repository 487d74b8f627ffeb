"""Rounds of an exam: an order goes in, the position comes out, and every fill is a measurement."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from assay.model.time import SECOND
from assay.trading.brokers.mt5 import api
from assay.trading.brokers.mt5.structures import OrderSendResult
from assay.trading.exam.asking import DONE, PRICE_WENT, Asker, Quoted, is_gone
from assay.trading.exam.deals import Awaited, Collector, Opened
from assay.trading.exam.plan import MAGIC, ExamPlan
from assay.trading.terminal.profile import SymbolTerms

DEVIATION = 100
"""Points by which a price may move before a named one is refused: chance is to be seen alone."""
APPEARS_IN = 2 * SECOND
NAMED = ("instant", "request")


class Resting(NamedTuple):
    """Hold a resting order to place: a type of the package and its price in points."""

    symbol: str
    kind: int
    price: int


class Rounds:
    """Trade the smallest volume round by round; a round that is refused measures that."""

    def __init__(self, asker: Asker, collector: Collector, plan: ExamPlan) -> None:
        self._asker, self._collector, self._plan = asker, collector, plan

    def may_open(self, orders: int = 1) -> bool:
        """Say whether the budget still has orders and money."""
        record = self._asker.record
        digits = record.account.currency_digits
        return (
            record.orders + orders <= self._plan.orders
            and record.paid < self._plan.money * 10**digits
        )

    def reach(self, symbol: str) -> int:
        """Return how many points from the market stops are put: beyond what is refused."""
        record = self._asker.record
        refused = [
            seen.distance for seen in record.levels
            if seen.symbol == symbol and seen.level == "stops" and seen.refused
        ]  # fmt: skip
        level = max(record.told[symbol].stops_level, record.told[symbol].freeze_level, *refused, 0)
        return level + self._plan.reach

    def turn(self, symbol: str, side: int) -> None:
        """Open at market and close at market."""
        opened = self.open_market(symbol, side)
        if opened is not None:
            self.close(symbol, opened)

    def bracket(self, symbol: str, side: int) -> None:
        """Open at market with a stop and a target, and wait until one of them is reached."""
        opened = self.open_market(symbol, side, is_bracketed=True)
        if opened is not None:
            self._outlive(symbol, opened)

    def rest(self, symbol: str, side: int, *, is_stop: bool) -> None:
        """Let a stop or limit order wait for its price, and close what it opens."""
        quote = self._asker.quote(symbol)
        if quote is None:
            return
        reach = self.reach(symbol)
        away = reach if is_stop else -reach
        price = quote.touch(side) + side * away
        kinds = (api.ORDER_TYPE_BUY_STOP, api.ORDER_TYPE_BUY_LIMIT)
        kind = kinds[0 if is_stop else 1] + (0 if side > 0 else 1)
        result = self.place(Resting(symbol, kind, price), quote)
        if result is None or result.retcode not in DONE:
            return
        ticket = result.order
        asked = self._asker.terminal
        if self._wait(lambda: is_gone(asked.orders_get(ticket=ticket))):
            self._wait(lambda: bool(asked.positions_get(ticket=ticket)), APPEARS_IN)
            self.close(symbol, ticket)
            return
        self.withdraw(symbol, ticket)

    def withdraw(self, symbol: str, ticket: int) -> None:
        """Remove a resting order, once it is not frozen where it is; close what it opened."""
        terminal, clock = self._asker.terminal, self._asker.clock
        deadline = clock.now_ns() + self._plan.patience
        while not is_gone(terminal.orders_get(ticket=ticket)):
            result = self.remove(symbol, ticket)
            if result is not None and result.retcode in DONE:
                return
            if clock.now_ns() >= deadline or self._asker.is_closed(symbol):
                break
            self._asker.wait(self._plan.poll)
        self.close(symbol, ticket)

    def place(self, asked: Resting, quote: Quoted) -> OrderSendResult | None:
        """Place a resting order of the smallest volume."""
        asker, symbol = self._asker, asked.symbol
        asker.record.orders += 1
        result = asker.send(
            symbol, action=api.TRADE_ACTION_PENDING, type=asked.kind, volume=asker.lots[symbol],
            price=asker.price(symbol, asked.price), type_filling=api.ORDER_FILLING_RETURN,
        )  # fmt: skip
        if result is not None and result.retcode in DONE:
            is_stop = asked.kind in (api.ORDER_TYPE_BUY_STOP, api.ORDER_TYPE_SELL_STOP)
            opened = Opened(symbol, 0, 0)
            awaited = Awaited("stop" if is_stop else "limit", asked.price)
            self._collector.expect(result.order, opened, awaited, quote.time_msc)
        return result

    def remove(self, symbol: str, ticket: int) -> OrderSendResult | None:
        """Take a resting order away."""
        result = self._asker.send(symbol, action=api.TRADE_ACTION_REMOVE, order=ticket)
        if result is not None and result.retcode in DONE:
            self._collector.forget(ticket)
        return result

    def open_market(
        self, symbol: str, side: int, *, is_bracketed: bool = False, lots: float = 0.0,
        filling: int | None = None,
    ) -> int | None:  # fmt: skip
        """Open at market and return the position's ticket, None where it was refused."""
        asker, quote = self._asker, self._asker.quote(symbol)
        if quote is None:
            return None
        width = self.reach(symbol) + quote.ask - quote.bid if is_bracketed else 0
        middle = quote.touch(-side)
        stops = (middle - side * width, middle + side * width) if is_bracketed else (0, 0)
        asker.record.orders += 1
        result = self._deal(
            symbol, side, quote, volume=lots or asker.lots[symbol],
            sl=asker.price(symbol, stops[0]), tp=asker.price(symbol, stops[1]),
            type_filling=asker.filling(symbol) if filling is None else filling,
        )  # fmt: skip
        if result is None or result.retcode not in DONE or not result.order:
            return None
        opened = Opened(symbol, *stops)
        awaited = Awaited("market", quote.touch(side))
        ticket = int(result.order)
        self._collector.expect(ticket, opened, awaited, quote.time_msc)
        # A terminal hears of a position a moment after the answer.
        self._wait(lambda: bool(asker.terminal.positions_get(ticket=ticket)), APPEARS_IN)
        return ticket

    def _deal(self, symbol: str, side: int, quote: Quoted, **fields: Any) -> OrderSendResult | None:
        terms, price = self._asker.record.told[symbol], quote.touch(side)
        result = self._asker.send(
            symbol, action=api.TRADE_ACTION_DEAL, deviation=DEVIATION,
            type=api.ORDER_TYPE_BUY if side > 0 else api.ORDER_TYPE_SELL,
            price=self._asker.price(symbol, price), **fields,
        )  # fmt: skip
        if result is not None:
            self._count(terms, side, price, result)
        return result

    def _count(self, terms: SymbolTerms, side: int, price: int, result: OrderSendResult) -> None:
        record = self._asker.record
        if terms.execution in NAMED and result.retcode in (*DONE, *PRICE_WENT):
            met = self._asker.met(terms.name, result)
            is_refused = result.retcode in PRICE_WENT
            if not is_refused or (met and abs(met.touch(side) - price) <= DEVIATION):
                record.asked_instantly += 1
                record.requoted += is_refused
        if result.request.volume >= 2 * float(terms.volume_step) and result.retcode in DONE:
            record.divisible += 1
            record.partial += result.retcode == api.TRADE_RETCODE_DONE_PARTIAL

    def close(self, symbol: str, ticket: int) -> None:
        """Close a position at market; after a refusal it is asked again until patience ends.

        One that a closed market keeps is closed by `clear` once it opens.
        """
        terminal = self._asker.terminal
        deadline = self._asker.clock.now_ns() + self._plan.patience
        while not is_gone(held := terminal.positions_get(ticket=ticket)):
            quote = self._asker.quote(symbol)
            if held and quote is not None:
                side = -1 if held[0].type == api.POSITION_TYPE_BUY else 1
                result = self._deal(
                    symbol, side, quote, volume=held[0].volume, position=ticket,
                    type_filling=self._asker.filling(symbol),
                )  # fmt: skip
                if result is not None and result.retcode in DONE:
                    self._collector.expect_closing(result.order, quote.touch(side))
                    continue
            if self._asker.clock.now_ns() >= deadline or self._asker.is_closed(symbol):
                return
            self._asker.wait(SECOND)

    def _outlive(self, symbol: str, ticket: int) -> None:
        """Wait until a position is gone, and close it where patience ends first."""
        terminal = self._asker.terminal
        if not self._wait(lambda: is_gone(terminal.positions_get(ticket=ticket))):
            self.close(symbol, ticket)

    def _wait(self, condition: Callable[[], bool], limit: int | None = None) -> bool:
        clock = self._asker.clock
        deadline = clock.now_ns() + (self._plan.patience if limit is None else limit)
        while not condition():
            if clock.now_ns() >= deadline:
                return False
            self._asker.wait(self._plan.poll)
        return True

    def forget_closed(self) -> None:
        """Keep of the tickets that a stop may have left open those that are."""
        terminal, record = self._asker.terminal, self._asker.record
        record.open_tickets = [
            ticket
            for ticket in record.open_tickets
            if not is_gone(terminal.positions_get(ticket=ticket))
            or not is_gone(terminal.orders_get(ticket=ticket))
        ]

    def clear(self) -> int:
        """Close and remove what a stopped exam left; return how much that was."""
        left = 0
        for symbol in self._plan.symbols:
            if self._asker.is_closed(symbol):
                continue
            terminal = self._asker.terminal
            for order in self._own(terminal.orders_get(symbol=symbol)):
                self.withdraw(symbol, order.ticket)
                left += 1
            for held in self._own(terminal.positions_get(symbol=symbol)):
                self.close(symbol, held.ticket)
                left += 1
        return left

    def _own(self, found: Sequence[Any] | None) -> list[Any]:
        own = set(self._asker.record.open_tickets)
        return [each for each in found or () if each.magic == MAGIC or each.ticket in own]

    def is_flat(self) -> bool:
        """Say whether the terminal says that nothing of the exam is open any more."""
        terminal = self._asker.terminal
        found = [
            part
            for symbol in self._plan.symbols
            for part in (terminal.orders_get(symbol=symbol), terminal.positions_get(symbol=symbol))
        ]
        return None not in found and not any(map(self._own, found))

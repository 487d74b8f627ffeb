"""A day of a run as its twin is held against it: fills, quotes, ends of orders, acts by hand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from assay.apps.lab.runs.setup import Setup
from assay.books.analytics.twinday import (
    EXITS,
    MANUAL,
    DayFill,
    DaySide,
    Ending,
    ForeignMoney,
    HandAct,
    LiveFacts,
    TouchLine,
)
from assay.model.messages import (
    BarClosed,
    DealBooked,
    ForeignActivity,
    Message,
    OrderAccepted,
    OrderCancelled,
    OrderDenied,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderSubmitted,
    OrderUnknown,
    SwapCharged,
    Tick,
)

TRADES = ("buy", "sell")
"""Kinds of deals that are trades; the others move money."""


class SideBook:
    """Collect what one side did: quotes that it saw, fills, and what nights cost.

    `decided` is the bar of each order by its key, of orders from before the day, too.
    """

    def __init__(self, setup: Setup, decided: dict[int, int]) -> None:
        self._account = setup.account.id
        money = 10.0**setup.account.currency_digits
        self._points = {
            spec.symbol: money / 10.0 ** (spec.quantity_digits + price.digits)
            for spec, price in zip(setup.instruments, setup.pricing, strict=True)
        }
        self._decided = decided
        self._rows: dict[str, list[tuple[int, int, int]]] = defaultdict(list)
        self._bars: dict[str, list[tuple[int, int, int]]] = defaultdict(list)
        self._side = DaySide()

    def see(self, message: Message) -> None:
        """Take in a price."""
        if isinstance(message, Tick):
            self._rows[message.symbol].append((message.ts_event, message.bid, message.ask))
        elif isinstance(message, BarClosed):
            ask = message.close + message.spread_close
            self._bars[message.symbol].append((message.ts_event, message.close, ask))

    def take(self, message: Message, *, by_hand: bool = False) -> None:
        """Take in what came of an order, or of a night."""
        if getattr(message, "account", "") != self._account:
            return
        if isinstance(message, OrderSubmitted):
            self._decided[message.key] = message.ts_bar
        elif isinstance(message, OrderCancelled):
            self._side.cancelled.add(message.key)
        elif isinstance(message, SwapCharged):
            swaps = self._side.swaps
            swaps[message.symbol] = swaps.get(message.symbol, 0) + message.amount
        elif isinstance(message, OrderFilled):
            self._side.fills.append(self._fill(message, by_hand=by_hand))

    def _fill(self, told: OrderFilled, *, by_hand: bool) -> DayFill:
        kind = MANUAL if by_hand else told.reason
        decided = 0 if by_hand or kind in EXITS else self._decided.get(told.key, 0)
        return DayFill(
            time=told.ts_event, symbol=told.symbol, key=told.key, decided=decided, kind=kind,
            quantity=told.quantity, price=told.price,
            worth=self._points[told.symbol] * told.rate_num / told.rate_den,
            commission=told.commission, profit=told.profit,
        )  # fmt: skip

    def finish(self) -> DaySide:
        """Return what was collected; where no quotes came, the closes of bars stand for them."""
        rows = {**self._bars, **self._rows}
        self._side.touches = {symbol: TouchLine.of_rows(each) for symbol, each in rows.items()}
        self._side.fills.sort(key=lambda fill: fill.time)
        return self._side


class FactBook:
    """Collect of a run's journal what a twin needs to know of the live side."""

    reads = (
        DealBooked, ForeignActivity, OrderAccepted, OrderCancelled, OrderDenied, OrderExpired,
        OrderFilled, OrderRejected, OrderSubmitted, OrderUnknown, SwapCharged,
    )  # fmt: skip

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self.decided: dict[int, int] = {}
        self._deals: dict[int, DealBooked] = {}
        self.facts = LiveFacts()
        self.side = SideBook(setup, self.decided)
        self._has_begun, self._latest = False, 0

    def begin_day(self) -> None:
        """Collect from here on; of what came before orders are known, and stops that were moved."""
        self._has_begun = True

    def take(self, message: Message) -> None:
        """Take in one message of the journal, in its order."""
        if isinstance(message, OrderSubmitted):
            self.side.take(message)
            self.facts.sent.add(message.key)
        elif isinstance(message, OrderAccepted):
            if message.widened:
                self.facts.widened.add(message.key)
        elif self._has_begun:
            self._collect(message)

    def _collect(self, message: Message) -> None:
        self.side.see(message)
        if isinstance(message, Tick | BarClosed):
            self._latest = max(self._latest, message.ts_event)
            return
        if isinstance(message, DealBooked):
            self._book(message)
        elif isinstance(message, OrderFilled):
            self.side.take(message, by_hand=self._is_by_hand(message))
            if self._latest > message.ts_event:
                self.facts.unheard.append((message.symbol, message.ts_event, self._latest))
        elif isinstance(message, ForeignActivity):
            self.facts.acts.append(
                HandAct(message.ts_event, message.symbol, message.key, message.what)
            )
        elif isinstance(message, SwapCharged):
            self.side.take(message)
        elif (reason := _why_ended(message)) and message.account == self._setup.account.id:  # type: ignore[attr-defined]
            self._end(message, reason)

    def _book(self, deal: DealBooked) -> None:
        self._deals[deal.id] = deal
        if not deal.own and deal.kind in TRADES:
            amount = deal.profit + deal.commission + deal.swap + deal.fee
            self.facts.foreign.append(ForeignMoney(deal.ts_event, deal.symbol, amount, deal.ticket))

    def _is_by_hand(self, fill: OrderFilled) -> bool:
        """Say whether a fill is of a deal that no order of ours made, and no stop of ours."""
        deal = self._deals.get(fill.cause)
        return deal is not None and not deal.key and fill.reason not in EXITS

    def _end(self, message: Message, reason: str) -> None:
        key, symbol = message.key, message.symbol  # type: ignore[attr-defined]
        decided = self.decided.get(key, 0)
        if isinstance(message, OrderDenied):
            decided = message.ts_event
        self.facts.endings[key] = Ending(symbol, decided, reason)


_ENDS: Mapping[type[Message], str] = {
    OrderDenied: "denied", OrderRejected: "rejected", OrderExpired: "expired",
    OrderCancelled: "cancelled", OrderUnknown: "unknown",
}  # fmt: skip


def _why_ended(message: Message) -> str:
    word = _ENDS.get(type(message), "")
    reason = getattr(message, "reason", "")
    return f"{word}: {reason}" if word and reason not in ("", word) else word

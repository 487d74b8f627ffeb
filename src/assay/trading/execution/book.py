"""The book of a live account: orders, deals, positions and money, from what its broker said."""

from __future__ import annotations

from collections import defaultdict

from assay.model.messages import (
    DealBooked,
    Message,
    OrderAccepted,
    OrderCancelled,
    OrderExpired,
    OrderRejected,
    OrderUnknown,
    PositionReported,
)
from assay.trading.execution.lifecycle import (
    Accepted,
    Dealt,
    Ended,
    LiveOrder,
    LostSight,
    OrderEvent,
    OrderState,
    Refused,
    Sent,
    Stored,
    advance,
)


class ExecutionBook:
    """Apply a broker's messages, each of them as often as it may come.

    A deal counts once by its ticket; `held` is what is ours by position, in signed units, and
    `money` what the deals moved, in minor units.
    """

    def __init__(self) -> None:
        self.orders: dict[int, LiveOrder] = {}
        self.deals: dict[int, DealBooked] = {}
        self.shown: dict[int, PositionReported] = {}
        self.held: defaultdict[int, int] = defaultdict(int)
        self.money = 0

    def open_order(self, key: int, quantity: int) -> None:
        """Enter an order whose key is stored and that is handed to the gateway."""
        if key not in self.orders:
            order = advance(LiveOrder(key=key, quantity=abs(quantity)), Stored())
            self.orders[key] = advance(order, Sent())

    def apply(self, message: Message) -> bool:
        """Take a message in; say whether it changed anything."""
        if isinstance(message, DealBooked):
            return self._book(message)
        if isinstance(message, PositionReported):
            known = self.shown.get(message.ticket)
            self.shown[message.ticket] = message
            return known != message
        if isinstance(message, OrderAccepted):
            return self._accept(message)
        if isinstance(message, OrderRejected):
            return self._advance(message.key, Refused(message.reason))
        if isinstance(message, OrderUnknown):
            return self._advance(message.key, LostSight(message.reason))
        if isinstance(message, OrderCancelled):
            return self._advance(message.key, Ended(OrderState.CANCELLED, message.reason))
        if isinstance(message, OrderExpired):
            return self._advance(message.key, Ended(OrderState.EXPIRED))
        return False

    def _accept(self, message: OrderAccepted) -> bool:
        order = self.orders.get(message.key)
        if order is None:
            self.open_order(message.key, message.quantity)
        return self._advance(message.key, Accepted(message.ticket, abs(message.quantity)))

    def _advance(self, key: int, event: OrderEvent) -> bool:
        order = self.orders.get(key)
        if order is None:
            return False
        self.orders[key] = advance(order, event)
        return self.orders[key] != order

    def _book(self, deal: DealBooked) -> bool:
        if deal.ticket in self.deals:
            return False
        self.deals[deal.ticket] = deal
        self.money += deal.profit + deal.swap + deal.commission + deal.fee
        self.held[deal.position] += deal.own
        if self.held[deal.position] == 0:
            del self.held[deal.position]
        self._advance(deal.key, Dealt(deal.ticket, abs(deal.quantity)))
        return True

    @property
    def unknown(self) -> list[int]:
        """Return the keys of which nobody knows what became."""
        return [key for key, order in self.orders.items() if order.state is OrderState.UNKNOWN]

"""The states of an order as its messages tell them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from msgspec import UNSET

from assay.kernel.records import EXITS
from assay.model.messages import (
    Message,
    OrderApproved,
    OrderCancelled,
    OrderChanged,
    OrderDenied,
    OrderFilled,
    OrderSubmitted,
)
from assay.trading.engine.naming import TYPE_NAMES

BY_ITSELF = {TYPE_NAMES[kind] for kind in EXITS if kind in TYPE_NAMES}


@dataclass
class Life:
    """Hold one order: what was asked for, what filled of it, and how it ended."""

    quantity: int
    filled: int = 0
    end: str = ""
    sent: int = 0
    """What it handed to parts of its own."""

    @property
    def left(self) -> int:
        """Return what still waits under its own key."""
        return 0 if self.end else self.quantity - self.filled - self.sent

    def send(self, quantity: int) -> None:
        """Take a part that is sent, never of more than is left."""
        assert not self.end
        assert quantity * self.quantity > 0
        assert abs(quantity) <= abs(self.left)
        self.sent += quantity

    def fill(self, quantity: int) -> None:
        """Take a fill on the order's own side, never of more than is left."""
        assert not self.end
        assert quantity * self.quantity > 0
        self.filled += quantity
        assert abs(self.filled) <= abs(self.quantity)
        if self.filled == self.quantity:
            self.end = "filled"


@dataclass
class Orders:
    """Hold the orders of a run; a message that is out of order fails."""

    approved: set[int] = field(default_factory=set)
    lives: dict[int, Life] = field(default_factory=dict)

    def take(self, told: Message) -> None:
        """Take one message: submitted, then parts and changes, then one end; or denied at once."""
        if isinstance(told, OrderApproved):
            self.approved.add(told.key)
        elif isinstance(told, OrderDenied):
            known = self.lives.setdefault(told.key, Life(told.quantity, end="denied"))
            assert known.end == "denied"
        elif isinstance(told, OrderSubmitted):
            assert told.key in self.approved
            assert told.key not in self.lives
            self.lives[told.key] = Life(told.quantity)
            if told.parent is not UNSET:
                self.lives[told.parent].send(told.quantity)
        elif isinstance(told, OrderChanged):
            life = self.lives[told.key]
            assert not life.end
            assert told.quantity * life.quantity > 0
            life.quantity = life.filled + told.quantity
        elif isinstance(told, OrderFilled) and told.reason not in BY_ITSELF:
            # A close-by fills its own side, and then the other one of the ticket that closes it.
            if told.reason != "close_by" or told.quantity * self.lives[told.key].quantity > 0:
                self.lives[told.key].fill(told.quantity)
        elif isinstance(told, OrderCancelled):
            life = self.lives[told.key]
            assert not life.end
            assert (told.reason == "worked") <= (life.sent == life.quantity)
            life.end = told.reason


def follow_orders(messages: Iterable[Message]) -> dict[int, str]:
    """Return how each order ended, by key; empty for those that still wait."""
    orders = Orders()
    for told in messages:
        orders.take(told)
    return {key: life.end for key, life in orders.lives.items()}

"""The life of a live order as a pure state machine.

    created -> stored -> submitted -> accepted -> partly_filled -> filled
                 ^          |   |         |              |
                 +-refused--+   |         +--------------+-> cancelled | expired | rejected
                                +-> unknown -> any of the later ones, once somebody knows

Deals are the truth: one that arrives late counts whatever was said before. An order is sent from
`stored` alone, and nothing leads back there once it may have been carried out.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from assay.model.errors import InvariantError


class OrderState(StrEnum):
    """Name where an order stands."""

    CREATED = "created"
    STORED = "stored"
    SUBMITTED = "submitted"
    UNKNOWN = "unknown"
    ACCEPTED = "accepted"
    PARTLY_FILLED = "partly_filled"
    FILLED = "filled"
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


FINAL = frozenset(
    {OrderState.FILLED, OrderState.REJECTED, OrderState.CANCELLED, OrderState.EXPIRED}
)
UNSENT = frozenset({OrderState.CREATED, OrderState.STORED})
WAITING = frozenset({OrderState.SUBMITTED, OrderState.UNKNOWN})


class LiveOrder(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Hold what is known of an order; `quantity` and `filled` are units without sign.

    `attempts` counts sends, `ticket` is the broker's number, `deals` the tickets that were counted.
    """

    key: int
    quantity: int
    state: OrderState = OrderState.CREATED
    attempts: int = 0
    ticket: int = 0
    filled: int = 0
    deals: tuple[int, ...] = ()
    reason: str = ""

    @property
    def is_final(self) -> bool:
        """Say whether only a late deal can still change it."""
        return self.state in FINAL


class Stored(msgspec.Struct, frozen=True):
    """Say that the key is on disk."""


class Sent(msgspec.Struct, frozen=True):
    """Say that the order is about to leave."""


class Accepted(msgspec.Struct, frozen=True):
    """Say that the broker has it; `quantity` is what was sent, where that was less."""

    ticket: int
    quantity: int = 0


class Refused(msgspec.Struct, frozen=True):
    """Say that it was certainly not taken; `again` lets it be sent once more."""

    reason: str
    again: bool = False


class LostSight(msgspec.Struct, frozen=True):
    """Say that no answer came, or one that leaves open whether it was taken."""

    reason: str


class Recovered(msgspec.Struct, frozen=True):
    """Say that the program starts again and does not know how far it had come."""


class Dealt(msgspec.Struct, frozen=True):
    """Say that a deal filled some units of it."""

    deal: int
    quantity: int


class Ended(msgspec.Struct, frozen=True):
    """Say that what was not filled never will be: cancelled, expired or rejected."""

    state: OrderState
    reason: str = ""


OrderEvent = Stored | Sent | Accepted | Refused | LostSight | Recovered | Dealt | Ended


def _fill(order: LiveOrder, event: Dealt) -> LiveOrder:
    if order.attempts == 0 and order.state in UNSENT:
        raise InvariantError(f"order {order.key} has deal {event.deal} and was never sent")
    if event.deal in order.deals:
        return order
    filled = order.filled + event.quantity
    closed = order.state in (OrderState.CANCELLED, OrderState.EXPIRED)
    state = order.state if closed else OrderState.PARTLY_FILLED
    if filled >= order.quantity:
        state = OrderState.FILLED
    return msgspec.structs.replace(
        order, filled=filled, deals=(*order.deals, event.deal), state=state
    )


def _end(order: LiveOrder, event: Ended) -> LiveOrder:
    if order.is_final:
        return order
    state = event.state
    if state is OrderState.REJECTED and order.filled:
        state = OrderState.CANCELLED  # what was filled was not rejected
    return msgspec.structs.replace(order, state=state, reason=event.reason)


def _refuse(order: LiveOrder, event: Refused) -> LiveOrder:
    if order.state not in WAITING | UNSENT:
        return order
    again = event.again and order.state is OrderState.SUBMITTED
    state = OrderState.STORED if again else OrderState.REJECTED
    return msgspec.structs.replace(order, state=state, reason=event.reason)


def _accept(order: LiveOrder, event: Accepted) -> LiveOrder:
    known = order.state in (*WAITING, OrderState.REJECTED, OrderState.STORED)
    state = OrderState.ACCEPTED if known else order.state
    quantity = order.quantity
    if 0 < event.quantity < quantity or not quantity:
        quantity = event.quantity
    if 0 < quantity <= order.filled:
        state = OrderState.FILLED
    return msgspec.structs.replace(
        order, state=state, quantity=quantity, ticket=event.ticket or order.ticket
    )


def advance(order: LiveOrder, event: OrderEvent) -> LiveOrder:
    """Return the order after an event; raise InvariantError where sending it would be wrong.

    What was heard already, or is outdated, changes nothing: brokers repeat themselves.
    """
    if isinstance(event, Dealt):
        return _fill(order, event)
    if isinstance(event, Ended):
        return _end(order, event)
    if isinstance(event, Refused):
        return _refuse(order, event)
    if isinstance(event, Accepted):
        return _accept(order, event)
    if isinstance(event, Sent):
        if order.state is not OrderState.STORED:
            raise InvariantError(f"order {order.key} is {order.state} and must not be sent")
        return msgspec.structs.replace(
            order, state=OrderState.SUBMITTED, attempts=order.attempts + 1
        )
    if isinstance(event, Stored):
        state = OrderState.STORED if order.state is OrderState.CREATED else order.state
        return msgspec.structs.replace(order, state=state)
    if isinstance(event, LostSight):
        lost = order.state is OrderState.SUBMITTED
    else:  # what was on disk may have been sent in the moment of the kill
        lost = order.state in (OrderState.STORED, OrderState.SUBMITTED)
    if not lost:
        return order
    reason = event.reason if isinstance(event, LostSight) else "restarted"
    attempts = max(order.attempts, 1)
    return msgspec.structs.replace(
        order, state=OrderState.UNKNOWN, reason=reason, attempts=attempts
    )

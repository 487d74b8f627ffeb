"""Who gives messages their ids, and how a journal is read again: inputs, and what followed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from msgspec import UNSET

from assay.apps.lab.runs.drivers import PLATFORM
from assay.model.errors import InvariantError
from assay.model.messages import (
    CancelRequested,
    ChangeRequested,
    Message,
    OrderSubmitted,
    TradingHalted,
    encode_message,
)
from assay.runtime.ids import COUNTER_BITS
from assay.runtime.journal import Recorded
from assay.runtime.ring import NullRing, Publisher
from assay.trading.engine.venue import VenueAccounts

CONTROL, SHADOW, PATTERNS, VENUE = 3, 4, 5, 6
"""Producers of ids: who starts and steers the platform; beside it a challenger, and patterns; and
the venue that fills the account's orders."""
Outgoing = OrderSubmitted | CancelRequested | ChangeRequested
"""What goes to a broker, once by its key or id."""
WATCHED = frozenset((OrderSubmitted, CancelRequested, ChangeRequested, TradingHalted))
"""Answers that the trader itself acts on."""
RECORD_MESSAGES = 1 << 16
"""Messages that a venue's record may hold: the ids of what it says follow from its number."""


def inputs_of(records: Iterable[Recorded]) -> Iterator[tuple[Recorded, list[Recorded]]]:
    """Yield each input of a journal with what the platform answered to it."""
    given: Recorded | None = None
    followed: list[Recorded] = []
    for recorded in records:
        producer = recorded.message.id >> COUNTER_BITS
        if producer in (SHADOW, PATTERNS):  # what is said beside is nobody's answer
            continue
        if producer == PLATFORM:
            if given is None:
                raise other_than(recorded)
            followed.append(recorded)
            continue
        if given is not None:
            yield given, followed
        given, followed = recorded, []
    if given is not None:
        yield given, followed


def other_than(recorded: Recorded) -> InvariantError:
    """Return the error of a replay that went another way."""
    return InvariantError(
        f"replaying position {recorded.position} gave another "
        f"{type(recorded.message).__name__} than was recorded"
    )


def counter_of(number: int) -> int:
    """Return the number of a message among those of its producer."""
    return number & ((1 << COUNTER_BITS) - 1)


def outbox_key(order: Outgoing) -> int:
    """Return what an order, or a wish to cancel or change one, is known by in the outbox."""
    return order.key if isinstance(order, OrderSubmitted) else order.id


def opens_risk(order: Outgoing, venues: VenueAccounts) -> bool:
    """Say whether something goes to a broker that does more than close what is held."""
    if not isinstance(order, OrderSubmitted) or order.position is not UNSET:
        return False
    known = venues.unanswered().get(order.key)
    return known is None or not known.is_exit


def publish_all(ring: Publisher, committed: Sequence[Message], last: int) -> None:
    """Publish messages with their places in the journal, of which `last` is the last one's."""
    if isinstance(ring, NullRing):
        return  # nobody hears it, and encoding is a fifth of a bar's cost
    for place, message in enumerate(committed, last - len(committed) + 1):
        ring.publish(encode_message(message), place)

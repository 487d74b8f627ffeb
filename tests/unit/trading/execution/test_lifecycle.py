"""States of a live order, one step at a time."""

import pytest

from assay.model.errors import InvariantError
from assay.trading.execution import (
    Accepted,
    Dealt,
    Ended,
    LiveOrder,
    LostSight,
    OrderEvent,
    OrderState,
    Recovered,
    Refused,
    Sent,
    Stored,
    advance,
)


def after(*events: OrderEvent, quantity: int = 10) -> LiveOrder:
    order = LiveOrder(key=1, quantity=quantity)
    for event in events:
        order = advance(order, event)
    return order


SUBMITTED = (Stored(), Sent())


@pytest.mark.parametrize(
    ("events", "state"),
    [
        ((), "created"),
        ((Stored(),), "stored"),
        (SUBMITTED, "submitted"),
        ((*SUBMITTED, Accepted(5)), "accepted"),
        ((*SUBMITTED, Refused("no_money")), "rejected"),
        ((*SUBMITTED, Refused("requote", again=True)), "stored"),
        ((*SUBMITTED, LostSight("timeout")), "unknown"),
        ((*SUBMITTED, LostSight("timeout"), Refused("x", again=True)), "rejected"),
        ((*SUBMITTED, LostSight("timeout"), Accepted(5)), "accepted"),
        ((*SUBMITTED, LostSight("timeout"), Dealt(1, 10)), "filled"),
        ((*SUBMITTED, Accepted(5), Dealt(1, 4)), "partly_filled"),
        ((*SUBMITTED, Accepted(5), Dealt(1, 4), Dealt(2, 6)), "filled"),
        ((*SUBMITTED, Accepted(5), Ended(OrderState.CANCELLED)), "cancelled"),
        ((*SUBMITTED, Accepted(5), Ended(OrderState.EXPIRED)), "expired"),
        ((*SUBMITTED, Dealt(1, 4), Ended(OrderState.REJECTED)), "cancelled"),
        ((*SUBMITTED, Ended(OrderState.CANCELLED), Dealt(1, 10)), "filled"),
        ((*SUBMITTED, Refused("no_money"), Dealt(1, 4)), "partly_filled"),
        ((*SUBMITTED, Refused("never_arrived"), Accepted(5)), "accepted"),
        ((*SUBMITTED, Accepted(5), Dealt(1, 10), Ended(OrderState.CANCELLED)), "filled"),
        ((*SUBMITTED, Accepted(5, quantity=4), Dealt(1, 4)), "filled"),
        ((*SUBMITTED, Dealt(1, 4), Accepted(5, quantity=4)), "filled"),
        ((Stored(), Recovered()), "unknown"),
        ((*SUBMITTED, Recovered()), "unknown"),
        ((*SUBMITTED, Accepted(5), Recovered()), "accepted"),
        ((Stored(), Refused("stale")), "rejected"),
    ],
)
def test_events_lead_to_states(events: tuple[OrderEvent, ...], state: str) -> None:
    assert after(*events).state == state


@pytest.mark.parametrize(
    "events",
    [
        (),
        SUBMITTED,
        (*SUBMITTED, LostSight("timeout")),
        (*SUBMITTED, Accepted(5)),
        (*SUBMITTED, Refused("no_money")),
        (*SUBMITTED, Dealt(1, 10)),
        (Stored(), Recovered()),
    ],
)
def test_only_a_stored_order_is_sent(events: tuple[OrderEvent, ...]) -> None:
    with pytest.raises(InvariantError, match="must not be sent"):
        advance(after(*events), Sent())


def test_a_deal_counts_once_however_often_it_is_told() -> None:
    order = after(*SUBMITTED, Dealt(1, 4), Dealt(1, 4), Dealt(2, 3), Dealt(1, 4))
    assert (order.filled, order.deals) == (7, (1, 2))


def test_a_deal_of_an_order_that_was_never_sent_is_an_error() -> None:
    with pytest.raises(InvariantError, match="was never sent"):
        after(Stored(), Dealt(1, 4))


def test_attempts_are_counted_and_the_brokers_number_is_kept() -> None:
    order = after(*SUBMITTED, Refused("requote", again=True), Sent(), Accepted(5), Accepted(0))
    assert (order.attempts, order.ticket) == (2, 5)

"""The book of a live account takes each message as often as it comes."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from assay.model.messages import (
    DealBooked,
    GatewayAlarm,
    Message,
    OrderAccepted,
    OrderCancelled,
    OrderUnknown,
    PositionReported,
)
from assay.trading.execution import ExecutionBook, OrderState

HEAD: dict[str, Any] = {"id": 0, "ts_event": 1, "ts_init": 1, "account": "live"}


def deal(ticket: int, quantity: int, *, key: int = 7, own: int | None = None) -> DealBooked:
    return DealBooked(
        **HEAD, ticket=ticket, order=50, position=50, key=key, position_key=7, symbol="EURUSD",
        kind="buy" if quantity > 0 else "sell", entry="in", reason="expert", quantity=quantity,
        own=quantity if own is None else own, price=1, price_digits=5, commission=-2, swap=0,
        fee=-1, profit=10,
    )  # fmt: skip


def story() -> list[Message]:
    return [
        OrderUnknown(**HEAD, key=7, symbol="EURUSD", reason="timeout"),
        OrderAccepted(**HEAD, key=7, symbol="EURUSD", ticket=50, quantity=900, price_digits=5),
        deal(1, 500),
        PositionReported(
            **HEAD, ticket=50, position=50, key=7, symbol="EURUSD", quantity=500, own=500,
            price=1, price_digits=5, stop=0, target=0, swap=0, profit=0,
        ),
        deal(2, 300),
        OrderCancelled(**HEAD, key=7, symbol="EURUSD", reason="cancelled"),
        deal(3, -200, key=0),
        deal(4, -50, key=0, own=0),
    ]  # fmt: skip


def outcome(messages: list[Message]) -> tuple[Any, ...]:
    book = ExecutionBook()
    book.open_order(7, 1_000)
    for message in messages:
        book.apply(message)
    order = book.orders[7]
    return (order.state, order.filled, dict(book.held), book.money, sorted(book.deals))


def test_deals_are_added_up_and_what_is_ours_with_them() -> None:
    assert outcome(story()) == (OrderState.CANCELLED, 800, {50: 600}, 28, [1, 2, 3, 4])


@given(st.data())
def test_what_comes_again_changes_nothing(data: st.DataObject) -> None:
    messages = story()
    for _ in range(data.draw(st.integers(1, 10))):
        place = data.draw(st.integers(0, len(messages) - 1))
        again = data.draw(st.integers(place, len(messages)))
        messages.insert(again, messages[place])
    assert outcome(messages) == outcome(story())


def test_a_book_says_what_changed_and_what_is_unknown() -> None:
    book = ExecutionBook()
    book.open_order(7, 1_000)
    unknown, accepted = story()[:2]
    assert book.apply(unknown)
    assert book.unknown == [7]
    assert book.apply(accepted)
    assert not book.apply(accepted)
    assert book.unknown == []
    assert not book.apply(GatewayAlarm(**HEAD, code="not_flat", text=""))
    assert not book.apply(OrderCancelled(**HEAD, key=8, symbol="EURUSD", reason=""))


def test_an_order_of_another_start_is_opened_by_its_acceptance() -> None:
    book = ExecutionBook()
    book.apply(story()[1])
    book.apply(deal(1, 900))
    assert book.orders[7].state is OrderState.FILLED
    assert dict(book.held) == {50: 900}

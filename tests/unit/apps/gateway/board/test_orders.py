"""Orders as the page shows them: their true state, from the messages of engine and venue alone."""

from __future__ import annotations

import msgspec
import pytest

from assay.apps.gateway.board.orders import Orders
from assay.apps.gateway.board.scale import Scale
from assay.apps.gateway.views import Order
from assay.model.messages import (
    CancelRequested,
    ForeignActivity,
    GatewayAlarm,
    OrderAccepted,
    OrderApproved,
    OrderCancelled,
    OrderChanged,
    OrderDenied,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderSubmitted,
    OrderUnknown,
    PositionChanged,
    RiskThresholdBreached,
)
from assay.model.time import SECOND
from tests.unit.apps.gateway.board.test_content import (
    FEED,
    ORDER,
    SHARED,
    START,
    Desk,
    decided,
    sheet,
)

LOT = 100_000


@pytest.fixture
def orders() -> Orders:
    desk = sheet()
    return Orders(Scale(desk.traded, desk.currency, desk.currency_digits), 4)


def sent(key: int = 77, units: int = LOT, **given: object) -> OrderSubmitted:
    words = {**SHARED, **ORDER, "key": key, "quantity": units, **given}
    return OrderSubmitted(id=key, cause=6, strategy="ai", ts_bar=START, **words)


def filled(units: int, key: int = 77, **given: object) -> OrderFilled:
    words = {**SHARED, "key": key, **given}
    return OrderFilled(
        id=8, fill=1, quantity=units, price=110_005, price_digits=5, commission=0, profit=0,
        spread_cost=0, slippage_cost=0, rate_num=1, rate_den=1, position=units, kind="exact",
        reason="limit", **words,
    )  # fmt: skip


def told(order: Order | None) -> tuple[str, float, float]:
    assert order is not None
    return order.state, order.filled, order.lots


def test_a_part_of_an_order_is_no_whole_fill(orders: Orders) -> None:
    orders.enter(sent())
    orders.fill(filled(30_000))
    assert told(orders.get(77)) == ("partly_filled", 0.3, 1.0)
    orders.fill(filled(70_000))
    assert told(orders.get(77)) == ("filled", 1.0, 1.0)


def test_what_is_left_of_a_part_is_cancelled_and_a_late_deal_still_counts(orders: Orders) -> None:
    orders.enter(sent())
    orders.fill(filled(30_000))
    orders.cancel(OrderCancelled(id=9, reason="unfilled", **SHARED))
    assert told(orders.get(77)) == ("cancelled", 0.3, 1.0)
    orders.fill(filled(10_000))
    assert told(orders.get(77)) == ("cancelled", 0.4, 1.0)
    found = orders.get(77)
    assert found is not None
    assert found.reason == "unfilled"


def test_a_changed_order_keeps_what_was_filled(orders: Orders) -> None:
    orders.enter(sent(price=109_000))
    orders.fill(filled(40_000))
    words = {**SHARED, **ORDER, "quantity": 20_000, "price": 109_900, "stop": 0}
    orders.change(OrderChanged(id=9, ts_bar=START, **words))
    found = orders.get(77)
    assert told(found) == ("partly_filled", 0.4, 0.6)
    assert found is not None
    assert (found.price, found.stop, found.changes) == (1.099, None, 1)
    orders.fill(filled(20_000))
    assert told(orders.get(77)) == ("filled", 0.6, 0.6)


def test_a_change_that_is_denied_leaves_the_order_as_it_is(orders: Orders) -> None:
    orders.enter(sent())
    assert orders.enter(OrderDenied(id=9, reason="change", **SHARED, **ORDER)) == ()
    assert told(orders.get(77)) == ("submitted", 0.0, 1.0)


def test_what_closes_a_position_is_no_fill_of_what_opened_it(orders: Orders) -> None:
    orders.enter(sent())
    orders.fill(filled(LOT))
    assert orders.fill(filled(-LOT)) == ()
    assert told(orders.get(77)) == ("filled", 1.0, 1.0)


def test_an_order_in_parts_works_and_fills_by_them(orders: Orders) -> None:
    orders.enter(sent(order_type="twap"))
    child, whole = orders.enter(sent(78, LOT // 2, parent=77))
    assert (child.parent, whole.state) == ("77", "working")
    assert [each.state for each in orders.fill(filled(LOT // 2, 78))] == ["filled", "partly_filled"]
    assert told(orders.get(77)) == ("partly_filled", 0.5, 1.0)
    orders.enter(sent(79, LOT // 2, parent=77))
    orders.fill(filled(LOT // 2, 79))
    orders.cancel(OrderCancelled(id=9, reason="worked", **SHARED))
    assert told(orders.get(77)) == ("filled", 1.0, 1.0)
    assert [each.key for each in orders.parts_of(77)] == ["78", "79"]
    assert orders.keys_of(77) == {77, 78, 79}


def test_an_order_in_parts_that_could_not_fill_up_says_so(orders: Orders) -> None:
    orders.enter(sent(order_type="iceberg"))
    orders.enter(sent(78, LOT // 2, parent=77))
    orders.fill(filled(LOT // 2, 78))
    orders.cancel(OrderCancelled(id=9, reason="unfilled", **SHARED))
    assert told(orders.get(77)) == ("cancelled", 0.5, 1.0)


def test_a_venue_tells_how_an_order_goes_on(orders: Orders) -> None:
    orders.enter(sent())
    orders.hear(OrderUnknown(id=9, reason="timeout", **SHARED))
    assert told(orders.get(77)) == ("unknown", 0.0, 1.0)
    accepted = OrderAccepted(
        id=9, ticket=5, quantity=90_000, price_digits=5, stop=109_400, **SHARED
    )
    orders.hear(accepted)
    found = orders.get(77)
    assert told(found) == ("accepted", 0.0, 0.9)
    assert found is not None
    assert found.stop == 1.094
    orders.hear(CancelRequested(id=9, ticket=5, reason="halted", **SHARED))
    assert told(orders.get(77)) == ("cancelling", 0.0, 0.9)
    orders.fill(filled(30_000))
    assert told(orders.get(77)) == ("cancelling", 0.3, 0.9)
    orders.hear(OrderExpired(id=9, filled=30_000, **SHARED))
    assert told(orders.get(77)) == ("expired", 0.3, 0.9)
    orders.hear(OrderRejected(id=9, reason="late", **SHARED))
    assert told(orders.get(77)) == ("expired", 0.3, 0.9)


def test_what_is_not_done_is_never_forgotten(orders: Orders) -> None:
    orders.enter(sent(1))
    for key in range(2, 12):
        orders.enter(sent(key))
        orders.fill(filled(LOT, key))
    assert len(orders) == 4
    assert [each.key for each in orders.newest(2)] == ["11", "10", "1"]


def test_a_decision_that_changes_something_says_what() -> None:
    desk = Desk()
    first = desk.tell(decided(5, LOT))
    desk.tell(OrderApproved(id=6, cause=5, quantity=LOT, rules=3, **SHARED), sent())
    second = desk.tell(decided(10, LOT, LOT))
    words = {**SHARED, **ORDER, "price": 109_000}
    desk.tell(
        OrderApproved(id=11, cause=10, quantity=20_000, rules=3, **SHARED),
        OrderChanged(id=12, cause=11, ts_bar=START, **words),
    )
    guarded = {name: value for name, value in SHARED.items() if name != "key"}
    third = desk.tell(decided(13, LOT, LOT))
    desk.tell(PositionChanged(id=14, cause=13, stop=109_800, target=0, trail=150, **guarded))
    assert [each.outcome for each in desk.decisions()] == ["change", "change", "enter"]
    order = desk.detail(second)
    inputs = {each.name: each.value for each in order.inputs}
    assert inputs["order's price from now on"] == 1.09
    assert order.order == desk.detail(first).order
    assert order.order is not None
    assert (order.order.changes, order.order.lots) == (1, 0.2)
    inputs = {each.name: each.value for each in desk.detail(third).inputs}
    assert inputs["position's stop from now on"] == 1.098
    assert inputs["position's target from now on"] == "none"
    assert inputs["position's stop trails, pips"] == 15


def test_limits_reached_and_alarms_of_the_account_are_alerts() -> None:
    desk = Desk()
    place = {"ts_event": START + SECOND, "ts_init": START, "tenant": "local", "account": "paper"}
    near = RiskThresholdBreached(
        id=1, rule="daily_loss", value=80_012, limit=100_000, unit="money", warning=True, **place
    )
    over = msgspec.structs.replace(near, value=100_001, warning=False)
    level = msgspec.structs.replace(
        near, rule="margin_level", value=24_950, limit=25_000, unit="basis points", warning=False
    )
    foreign = ForeignActivity(
        id=2, symbol="EURUSD", ticket=9, key=0, what="stop_removed", quantity=0, **place
    )
    alarm = GatewayAlarm(id=3, code="autotrading_off", text="NOT FLAT", **place)
    desk.tell(near, over, level, foreign, alarm)
    shown = desk.board.snapshot(1, START, FEED).alerts
    assert [(each.kind, each.urgent, each.text) for each in shown] == [
        ("account", True, "autotrading off: NOT FLAT"),
        ("account", False, "EURUSD: somebody else stop removed, ticket 9, concerning nothing of "
         "ours"),
        ("risk", True, "margin level REACHED its limit: 249.50 % of 250.00 %"),
        ("risk", True, "daily loss REACHED its limit: 1,000.01 USD of 1,000.00 USD"),
        ("risk", False, "daily loss is near its limit: 800.12 USD of 1,000.00 USD"),
    ]  # fmt: skip
    assert desk.kinds() == ["alert"] * 5

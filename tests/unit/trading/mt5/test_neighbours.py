"""The user, other programs and the broker beside us: seen, told, and never touched."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from assay.model.messages import (
    AccountReported,
    DealBooked,
    ForeignActivity,
    GatewayAlarm,
    OrderAccepted,
    OrderCancelled,
    OrderRejected,
    PositionReported,
)
from assay.model.time import DAY, HOUR, SECOND
from assay.trading.brokers.mt5 import api
from assay.trading.execution import OrderState
from tests.unit.trading.mt5.rig import Rig, all_of, only

BOTH = pytest.mark.parametrize("kind", ["netting", "hedging"])


def trades(events: list[object]) -> list[DealBooked]:
    return [deal for deal in all_of(events, DealBooked) if deal.symbol]


@BOTH
def test_a_stop_closes_what_is_ours_and_is_no_order_of_ours(kind: str) -> None:
    rig = Rig(kind)
    rig.open_position(stop=109_900)
    rig.quote("EURUSD", 109_850, 109_860)
    events = rig.poll()
    deal = only(trades(events), DealBooked)
    assert (deal.key, deal.position_key, deal.reason) == (0, 7_001, "sl")
    assert (deal.own, deal.entry) == (-10_000, "out")
    assert all_of(events, ForeignActivity) == []
    assert rig.book.held == {}
    assert only(events, PositionReported).quantity == 0
    assert rig.book.orders[7_001].filled == 10_000


@BOTH
def test_a_close_by_the_user_is_booked_told_and_honoured(kind: str) -> None:
    rig = Rig(kind)
    ticket = rig.open_position()
    rig.hand.close(ticket, 0.04)
    told = only(rig.poll(), ForeignActivity)
    assert (told.what, told.key, told.quantity) == ("changed", 7_001, -4_000)
    assert rig.book.held == {ticket: 6_000}
    rig.hand.close(ticket)
    told = only(rig.poll(), ForeignActivity)
    assert (told.what, told.key) == ("closed", 7_001)
    assert rig.book.held == {}
    assert only(rig.do("close", ticket=ticket), OrderRejected).reason == "position_closed"
    rig.pass_time()
    assert rig.terminal.positions_get() == ()


def test_a_reverse_by_the_user_takes_ours_away_and_what_is_left_is_theirs() -> None:
    rig = Rig("netting")
    rig.open_position()
    rig.hand.trade("EURUSD", -0.25)
    events = rig.poll()
    deal = only(trades(events), DealBooked)
    assert (deal.entry, deal.quantity, deal.own) == ("inout", -25_000, -10_000)
    assert only(events, ForeignActivity).what == "reversed"
    assert rig.book.held == {}
    shown = only(events, PositionReported)
    assert (shown.quantity, shown.own, shown.key) == (-15_000, 0, 0)
    refused = only(rig.do(), OrderRejected)
    assert refused.reason == "foreign_volume"


@BOTH
@pytest.mark.parametrize(
    ("sl", "tp", "what"), [(0.0, 1.103, "stop_removed"), (1.097, 1.103, "stops_edited")]
)
def test_stops_that_the_user_moves_are_told_and_left(
    kind: str, sl: float, tp: float, what: str
) -> None:
    rig = Rig(kind)
    ticket = rig.open_position(stop=109_900, target=110_300)
    rig.hand.edit(ticket, sl, tp)
    told = only(rig.poll(), ForeignActivity)
    assert (told.what, told.key) == (what, 7_001)
    rig.pass_time()
    assert all_of(rig.poll(), ForeignActivity) == []
    assert rig.terminal.positions_get()[0].sl == sl  # type: ignore[index]


def test_stops_that_we_move_are_ours_even_without_an_answer() -> None:
    rig = Rig("hedging")
    ticket = rig.open_position(stop=109_900)
    only(rig.do("modify", ticket=ticket, stop=109_850), OrderAccepted)
    assert all_of(rig.poll(), ForeignActivity) == []
    rig.hand.lose_next(executes=True)
    rig.do("modify", ticket=ticket, stop=109_800)
    events = rig.poll()
    assert only(events, OrderAccepted).key == 7_003
    assert all_of(events, ForeignActivity) == []


def test_a_stop_that_the_broker_dropped_raises_an_alarm() -> None:
    rig = Rig("hedging")
    rig.do(stop=109_900)
    position = rig.terminal.positions_get()[0]  # type: ignore[index]
    rig.hand.edit(position.ticket, 0.0, 0.0)
    assert only(rig.poll(), GatewayAlarm).code == "stop_missing"


def test_a_position_of_the_user_counts_and_is_never_touched() -> None:
    rig = Rig("hedging")
    rig.poll()
    rig.hand.trade(rig.names["EURUSD"], 0.5)
    events = rig.poll()
    assert only(events, ForeignActivity).what == "opened"
    shown = only(events, PositionReported)
    assert (shown.quantity, shown.own, shown.key) == (50_000, 0, 0)
    assert only(events, AccountReported).margin == 27_502  # 27,502.5, half-even
    for kind in ("close", "modify"):
        refused = only(rig.do(kind, ticket=shown.ticket, stop=109_000), OrderRejected)
        assert refused.reason == "foreign_position"
    only(rig.do(), OrderAccepted)
    assert trades(rig.poll())[0].own == 10_000


def test_a_resting_order_of_the_user_is_never_touched() -> None:
    rig = Rig("hedging")
    request = {
        "action": api.TRADE_ACTION_PENDING, "symbol": "EURUSD.m", "volume": 0.1, "magic": 99,
        "type": api.ORDER_TYPE_BUY_LIMIT, "price": 1.09, "type_filling": api.ORDER_FILLING_RETURN,
    }  # fmt: skip
    answer = rig.terminal.order_send(request)
    assert answer is not None
    assert only(rig.do("cancel", ticket=answer.order), OrderRejected).reason == "foreign_order"
    rig.quote("EURUSD", 108_990, 109_000)
    deal = only(trades(rig.poll()), DealBooked)
    assert (deal.key, deal.own, deal.position_key) == (0, 0, 0)


def test_a_netting_symbol_with_foreign_volume_is_refused_and_others_are_not() -> None:
    rig = Rig("netting")
    rig.hand.trade("EURUSD", 0.1)
    refused = only(rig.do(), OrderRejected)
    assert refused.reason == "foreign_volume"
    only(rig.do(symbol="XAUUSD", quantity=1_000), OrderAccepted)
    rig.hand.trade("EURUSD", -0.1)
    only(rig.do(), OrderAccepted)


def test_what_was_open_before_is_foreign() -> None:
    rig = Rig("netting")
    rig.hand.trade("EURUSD", 0.1)
    rig.pass_time()
    rig.gateway = rig.open(begin=rig.now)
    events = rig.poll()
    assert trades(events) == []
    assert only(events, PositionReported).own == 0
    assert only(rig.do(), OrderRejected).reason == "foreign_volume"


def test_what_closed_while_nobody_looked_is_booked_at_the_start() -> None:
    rig = Rig("hedging")
    ticket = rig.open_position(stop=109_900)
    state = rig.gateway.snapshot()
    rig.quote("EURUSD", 109_700, 109_710)
    rig.terminal.advance(rig.now + 3 * DAY)
    rig.gateway = rig.open()
    rig.gateway.restore(state)
    deal = only(trades(rig.poll()), DealBooked)
    assert (deal.position, deal.reason, deal.own) == (ticket, "sl", -10_000)
    assert rig.opening + rig.book.money == rig.terminal.desk.book.balance


def test_without_its_memory_a_start_asks_for_the_commands_and_knows_its_own() -> None:
    rig = Rig("hedging")
    command = rig.command()
    rig.run(command)
    rig.gateway = rig.open()
    rig.take(rig.gateway.reconcile(command, rig.now))
    events = rig.poll()
    only(events, OrderAccepted)
    assert only(trades(events), DealBooked).key == command.id
    assert rig.book.orders[command.id].state is OrderState.FILLED


def test_partial_closes_leave_nothing_or_enough() -> None:
    rig = Rig("hedging")
    ticket = rig.open_position(quantity=3_000)
    rig.hand.change_terms("EURUSD.m", volume_min=Decimal("0.02"))
    assert "contract:EURUSD" not in rig.gateway.stopped
    rejected = only(rig.do("close", ticket=ticket, quantity=-1_000), OrderRejected)
    assert rejected.reason == "contract_changed"
    assert rig.gateway.acknowledge("contract:EURUSD", rig.now) == "contract of EURUSD is version 2"
    # 0.02 of 0.03 lots would leave 0.01, and 0.01 is too little to close.
    rejected = only(rig.do("close", ticket=ticket, quantity=-2_000), OrderRejected)
    assert rejected.reason == "volume_below_minimum"
    only(rig.do("close", ticket=ticket, quantity=-3_000), OrderAccepted)
    rig.poll()
    assert rig.book.held == {}


def test_opposite_positions_close_each_other_without_the_spread() -> None:
    rig = Rig("hedging")
    rig.do(quantity=20_000)
    rig.do(quantity=-20_000)
    rig.poll()
    first, second = rig.terminal.positions_get()  # type: ignore[misc]
    only(rig.do("close_by", ticket=first.ticket, other_ticket=second.ticket), OrderAccepted)
    deals = trades(rig.poll())
    assert [deal.entry for deal in deals] == ["out_by", "out_by"]
    assert {deal.key for deal in deals} == {7_003}
    assert rig.book.held == {}
    assert rig.opening + rig.book.money == rig.terminal.desk.book.balance


def test_a_close_without_answer_is_not_sent_again() -> None:
    rig = Rig("hedging")
    ticket = rig.open_position()
    rig.hand.lose_next(executes=True)
    rig.do("close", ticket=ticket)
    events = rig.poll()
    only(events, OrderAccepted)
    assert only(trades(events), DealBooked).key == 7_002
    assert rig.book.orders[7_002].state is OrderState.FILLED


def test_swap_and_deposits_are_booked_to_the_minor_unit() -> None:
    rig = Rig("netting")
    ticket = rig.open_position(quantity=100_000)
    rig.hand.deposit(250.0)
    rig.terminal.advance(rig.now + DAY + 12 * HOUR)
    rig.quote("EURUSD", 110_000, 110_010)
    only(rig.do("close", ticket=ticket, expiry_ns=rig.now + SECOND), OrderAccepted)
    events = rig.poll()
    assert only(events, ForeignActivity).what == "money_moved"
    closing = only(trades(events), DealBooked)
    assert (closing.swap, closing.commission, closing.profit) == (
        -650 * 4,
        -350,
        -1_000,
    )  # Wednesday counts three times
    assert rig.opening + rig.book.money == rig.terminal.desk.book.balance


def test_a_stop_out_is_booked_and_below_the_call_only_closing_passes() -> None:
    rig = Rig("hedging")
    first = rig.open_position(quantity=1_700_000)
    rig.quote("EURUSD", 109_850, 109_860)
    rig.poll()
    level = only(rig.do(), OrderRejected)
    assert level.reason == "margin_call"
    only(rig.do("close", ticket=first, quantity=-100_000), OrderAccepted)
    rig.quote("EURUSD", 109_600, 109_610)
    reasons = {deal.reason for deal in trades(rig.poll())}
    assert "so" in reasons
    assert rig.book.held == {}
    assert rig.opening + rig.book.money == rig.terminal.desk.book.balance


def test_our_part_of_a_shared_netting_position_can_be_closed_and_no_more() -> None:
    rig = Rig("netting")
    ticket = rig.open_position()
    rig.hand.trade("EURUSD", 0.05)
    rig.poll()
    assert only(rig.do(), OrderRejected).reason == "foreign_volume"
    moved = only(rig.do("modify", ticket=ticket, stop=109_000), OrderRejected)
    assert moved.reason == "foreign_position"
    assert only(rig.do("close", ticket=ticket), OrderAccepted).quantity == -10_000
    deal = only(trades(rig.poll()), DealBooked)
    assert (deal.own, deal.position_key) == (-10_000, 7_001)
    assert rig.book.held == {}
    left = rig.terminal.positions_get()
    assert left is not None
    assert left[0].volume == 0.05
    assert only(rig.do("close", ticket=ticket), OrderRejected).reason == "foreign_position"


@BOTH
def test_a_resting_order_that_the_user_takes_away_is_told(kind: str) -> None:
    rig = Rig(kind)
    ticket = only(rig.do(order_type="limit", price=109_000), OrderAccepted).ticket
    rig.poll()
    rig.hand.remove(ticket)
    events = rig.poll()
    assert only(events, OrderCancelled).key == 7_001
    assert only(events, ForeignActivity).what == "order_removed"
    assert rig.book.orders[7_001].state is OrderState.CANCELLED


def test_a_resting_order_that_the_user_moves_is_told_and_ours_is_not() -> None:
    rig = Rig("hedging")
    ticket = only(rig.do(order_type="limit", price=109_000), OrderAccepted).ticket
    rig.poll()
    only(rig.do("modify", ticket=ticket, price=108_900, stop=108_500), OrderAccepted)
    assert all_of(rig.poll(), ForeignActivity) == []
    rig.terminal.order_send(
        {"action": api.TRADE_ACTION_MODIFY, "order": ticket, "price": 1.08, "sl": 1.07}
    )
    told = only(rig.poll(), ForeignActivity)
    assert (told.what, told.key, told.ticket) == ("order_edited", 7_001, ticket)
    assert all_of(rig.poll(), ForeignActivity) == []


def test_a_position_that_the_server_reopens_stays_ours() -> None:
    rig = Rig("hedging")
    ticket = rig.open_position()
    deals = rig.terminal.desk.book.deals
    opened = deals[-1]
    for number, (kind, entry) in enumerate(
        ((api.DEAL_TYPE_SELL, api.DEAL_ENTRY_OUT), (api.DEAL_TYPE_BUY, api.DEAL_ENTRY_IN))
    ):
        reopening = msgspec.structs.replace(
            opened, ticket=2_000_000 + number, order=0, type=kind, entry=entry, magic=0,
            reason=api.DEAL_REASON_ROLLOVER, commission=0, ts=rig.now,
        )  # fmt: skip
        deals.append(reopening)
    events = rig.poll()
    assert [(deal.own, deal.position_key, deal.reason) for deal in trades(events)] == [
        (-10_000, 7_001, "rollover"),
        (10_000, 7_001, "rollover"),
    ]
    assert all_of(events, ForeignActivity) == []
    assert rig.book.held == {ticket: 10_000}
    only(rig.do("close", ticket=ticket), OrderAccepted)

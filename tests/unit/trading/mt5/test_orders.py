"""Orders at a terminal: as they are sent, answered and filled."""

from __future__ import annotations

from typing import Any, cast

import pytest

from assay.model.messages import (
    DealBooked,
    GatewayAlarm,
    OrderAccepted,
    OrderCancelled,
    OrderExpired,
    OrderRejected,
    OrderUnknown,
)
from assay.model.time import HOUR, MINUTE, SECOND
from assay.trading.brokers.mt5 import api
from assay.trading.brokers.mt5.structures import TerminalApi
from assay.trading.execution import OrderState
from assay.trading.terminal import SimulatedTerminal
from tests.unit.trading.mt5.rig import QUOTES, Rig, all_of, only

BOTH = pytest.mark.parametrize("kind", ["netting", "hedging"])


def sent_orders(rig: Rig) -> list[Any]:
    """Return every order that the server has or had, but for the user's."""
    past = rig.terminal.history_orders_get(0, rig.now // SECOND + 10**6)
    found = [*(past or ()), *(rig.terminal.orders_get() or ())]
    return [order for order in found if order.reason == api.ORDER_REASON_EXPERT]


@BOTH
def test_a_market_order_is_filled_and_each_deal_told_once(kind: str) -> None:
    rig = Rig(kind)
    accepted = only(rig.do(stop=109_900, target=110_300), OrderAccepted)
    deals = [deal for _ in range(3) for deal in all_of(rig.poll(), DealBooked) if deal.symbol]
    assert len(deals) == 1
    deal = deals[0]
    assert (deal.key, deal.position_key, deal.order) == (7_001, 7_001, accepted.ticket)
    assert (deal.kind, deal.entry, deal.reason) == ("buy", "in", "expert")
    assert (deal.quantity, deal.own, deal.price) == (10_000, 10_000, 110_010)
    position = rig.terminal.positions_get()[0]  # type: ignore[index]
    assert (position.sl, position.tp, position.volume) == (1.099, 1.103, 0.1)
    assert position.magic == 7_001
    assert rig.book.orders[7_001].state is OrderState.FILLED


def test_times_of_deals_are_utc() -> None:
    rig = Rig("hedging")
    began = rig.now
    rig.do()
    rig.pass_time(HOUR)
    deal = next(deal for deal in all_of(rig.poll(), DealBooked) if deal.key)
    assert deal.ts_event == began
    server = rig.terminal.history_deals_get(ticket=deal.order)
    assert server is not None
    assert server[0].time_msc * 1_000_000 == began + 2 * HOUR


def test_a_command_that_comes_again_is_answered_and_not_sent() -> None:
    rig = Rig()
    command = rig.command()
    first = only(rig.run(command), OrderAccepted)
    assert only(rig.run(command), OrderAccepted).ticket == first.ticket
    denied = rig.command(quantity=1)
    assert only(rig.run(denied), OrderRejected).reason == "volume_below_minimum"
    assert only(rig.run(denied), OrderRejected).reason == "volume_below_minimum"
    assert len(sent_orders(rig)) == 1


@pytest.mark.parametrize(("asked", "lots"), [(10_000, 0.1), (10_999, 0.1), (1_999, 0.01)])
def test_volumes_are_floored_and_never_raised(asked: int, lots: float) -> None:
    rig = Rig()
    accepted = only(rig.do(quantity=-asked), OrderAccepted)
    assert sent_orders(rig)[0].volume_initial == lots
    assert accepted.quantity == -round(lots * 100_000)


@pytest.mark.parametrize(
    ("units", "reason"), [(999, "volume_below_minimum"), (10_100_000, "volume_above_maximum")]
)
def test_volumes_outside_the_limits_are_not_sent(units: int, reason: str) -> None:
    rig = Rig()
    assert only(rig.do(quantity=units), OrderRejected).reason == reason
    assert sent_orders(rig) == []


def test_gold_is_counted_in_its_own_units() -> None:
    rig = Rig("hedging")
    only(rig.do(symbol="XAUUSD", quantity=-2_550, stop=210_500), OrderAccepted)
    assert sent_orders(rig)[0].volume_initial == 0.25
    deal = next(deal for deal in all_of(rig.poll(), DealBooked) if deal.key)
    assert (deal.symbol, deal.quantity, deal.price) == ("XAUUSD", -2_500, 210_000)


def test_a_stop_too_near_moves_away_and_no_more_is_at_risk() -> None:
    rig = Rig("hedging")  # 20 points from the bid of 110,000 at least
    accepted = only(rig.do(quantity=100_000, stop=109_995, target=110_015), OrderAccepted)
    assert (accepted.stop, accepted.target, accepted.widened) == (109_980, 110_020, 15)
    entry = 110_010
    assert accepted.quantity == 50_000
    assert accepted.quantity * (entry - accepted.stop) <= 100_000 * (entry - 109_995)
    rig.poll()
    assert rig.book.orders[7_001].state is OrderState.FILLED


def test_a_level_of_zero_that_floats_with_the_spread_is_found_by_asking() -> None:
    rig = Rig("netting")
    accepted = only(rig.do(quantity=100_000, stop=110_000), OrderAccepted)
    assert accepted.stop == 109_989
    assert accepted.quantity == 47_000


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"stop": 110_020}, "stop_on_wrong_side"),
        ({"target": 110_005}, "target_on_wrong_side"),
        ({"quantity": -10_000, "stop": 109_990}, "stop_on_wrong_side"),
    ],
)
def test_stops_on_the_wrong_side_are_refused(fields: dict[str, int], reason: str) -> None:
    rig = Rig()
    assert only(rig.do(**fields), OrderRejected).reason == reason


def test_a_requote_is_sent_again_at_the_new_price_a_few_times() -> None:
    rig = Rig("hedging")
    for _ in range(3):
        rig.hand.answer_next(api.TRADE_RETCODE_REQUOTE)
    only(rig.do(), OrderAccepted)
    for _ in range(4):
        rig.hand.answer_next(api.TRADE_RETCODE_REQUOTE)
    rejected = only(rig.do(), OrderRejected)
    assert (rejected.reason, rejected.retcode) == ("requote", 10_004)
    assert len(sent_orders(rig)) == 1


def test_a_busy_server_is_waited_for() -> None:
    rig = Rig()
    began = rig.now
    rig.hand.answer_next(api.TRADE_RETCODE_TOO_MANY_REQUESTS)
    rig.hand.answer_next(api.TRADE_RETCODE_CONNECTION)
    only(rig.do(), OrderAccepted)
    assert rig.now - began == 3 * SECOND // 4


def test_what_is_refused_for_good_is_sent_once() -> None:
    rig = Rig()
    for retcode in (api.TRADE_RETCODE_REJECT, api.TRADE_RETCODE_NO_MONEY):
        rig.hand.answer_next(retcode)
        assert only(rig.do(), OrderRejected).retcode == retcode
    assert sent_orders(rig) == []
    assert only(rig.do(quantity=10_000_000), OrderRejected).reason == "no_money"


@pytest.mark.parametrize("executes", [True, False])
@pytest.mark.parametrize("way", ["timeout", "error", "lost", "lost and cut off"])
def test_an_order_without_answer_is_unknown_until_it_shows(way: str, executes: bool) -> None:
    rig = Rig()
    if way in ("timeout", "error"):
        code = api.TRADE_RETCODE_TIMEOUT if way == "timeout" else api.TRADE_RETCODE_ERROR
        rig.hand.answer_next(code, executes=executes)
    else:
        rig.hand.lose_next(executes=executes, drops_link=way == "lost and cut off")
    command = rig.command()
    only(rig.run(command), OrderUnknown)
    only(rig.run(command), OrderUnknown)
    rig.hand.reconnect()
    events = rig.poll()
    if executes:
        assert only(events, OrderAccepted).ticket
        assert rig.book.orders[command.id].state is OrderState.FILLED
    else:
        assert all_of(events, OrderRejected) == []
        rig.pass_time(rig.settings.settle_ns)
        assert only(rig.poll(), OrderRejected).reason == "never_arrived"
    assert len(sent_orders(rig)) == executes


def test_silence_does_not_count_while_nobody_listens() -> None:
    rig = Rig()
    rig.hand.lose_next(executes=True, drops_link=True)
    only(rig.do(), OrderUnknown)
    for _ in range(5):
        rig.pass_time(MINUTE)
        assert all_of(rig.poll(), OrderRejected) == []
    rig.hand.reconnect()
    only(rig.poll(), OrderAccepted)


def test_an_order_given_up_that_shows_after_all_is_taken_back_with_an_alarm() -> None:
    rig = Rig()
    rig.hand.lose_next(executes=True)
    rig.hand.delay_history(3)
    only(rig.do(order_type="limit", price=109_000), OrderUnknown)
    real = rig.terminal.orders_get
    rig.terminal.orders_get = lambda *a, **k: ()  # type: ignore[method-assign]
    rig.pass_time(rig.settings.settle_ns)
    assert only(rig.poll(), OrderRejected).reason == "never_arrived"
    rig.terminal.orders_get = real  # type: ignore[method-assign]
    events = rig.poll()
    only(events, OrderAccepted)
    assert only(events, GatewayAlarm).code == "late_order"
    assert rig.book.orders[7_001].state is OrderState.ACCEPTED


def test_an_old_command_is_not_sent_any_more() -> None:
    rig = Rig()
    command = rig.command()
    rig.pass_time()
    only(rig.run(command), OrderExpired)
    assert sent_orders(rig) == []
    assert rig.book.orders[command.id].state is OrderState.EXPIRED


class SlowHistory:
    """Be a terminal that takes twelve seconds for what was dealt."""

    def __init__(self, terminal: SimulatedTerminal) -> None:
        self._terminal = terminal

    def __getattr__(self, name: str) -> Any:
        return getattr(self._terminal, name)

    def history_deals_get(self, *unnamed: Any, **named: Any) -> Any:
        self._terminal.advance(self._terminal.now + 12 * SECOND)
        return self._terminal.history_deals_get(*unnamed, **named)


def test_what_the_terminal_takes_before_a_send_counts_against_its_time() -> None:
    rig = Rig()
    gateway = rig.open(cast("TerminalApi", SlowHistory(rig.terminal)))
    only(gateway.execute(rig.command(), rig.now), OrderExpired)
    assert not rig.terminal.positions_get()


def test_the_brokers_margin_is_the_truth() -> None:
    rig = Rig()
    truth = 11_001  # 0.10 lots at 1.10010 and 1:100
    only(rig.do(margin=truth * 102 // 100), OrderRejected)
    rejected = only(rig.do(margin=truth * 98 // 100), OrderRejected)
    assert rejected.reason == "margin_gap"
    assert str(truth) in rejected.text
    only(rig.do(margin=truth * 1_009 // 1_000), OrderAccepted)
    only(rig.do(margin=truth * 2, quantity=20_999), OrderRejected)
    only(rig.do(margin=truth * 2, quantity=20_000), OrderAccepted)


def test_a_part_that_the_market_had_is_kept_and_the_rest_cancelled() -> None:
    rig = Rig()
    rig.quote("EURUSD", *QUOTES["EURUSD"], depth=4_000_000)
    only(rig.do(), OrderAccepted)
    events = rig.poll()
    assert only([e for e in all_of(events, DealBooked) if e.key], DealBooked).quantity == 4_000
    only(events, OrderCancelled)
    order = rig.book.orders[7_001]
    assert (order.state, order.filled) == (OrderState.CANCELLED, 4_000)


def test_fill_or_kill_takes_all_or_nothing() -> None:
    rig = Rig()
    rig.quote("EURUSD", *QUOTES["EURUSD"], depth=4_000_000)
    only(rig.do(time_in_force="fok"), OrderRejected)
    assert rig.terminal.positions_get() == ()


@BOTH
def test_resting_orders_are_placed_changed_filled_and_cancelled(kind: str) -> None:
    rig = Rig(kind)
    ticket = only(rig.do(order_type="limit", price=109_500), OrderAccepted).ticket
    only(rig.do("modify", ticket=ticket, price=109_600, stop=109_300), OrderAccepted)
    resting = rig.terminal.orders_get()[0]  # type: ignore[index]
    assert (resting.price_open, resting.sl) == (1.096, 1.093)
    other = only(rig.do(order_type="stop", price=110_500, quantity=-10_000), OrderRejected)
    assert other.retcode == api.TRADE_RETCODE_INVALID_PRICE
    stop = only(rig.do(order_type="stop", price=110_500), OrderAccepted).ticket
    only(rig.do("cancel", ticket=stop), OrderAccepted)
    assert only(rig.poll(), OrderCancelled).key == 7_004
    rig.quote("EURUSD", 109_580, 109_590)
    assert [deal.key for deal in all_of(rig.poll(), DealBooked)] == [7_001]
    assert rig.book.orders[7_001].state is OrderState.FILLED


def test_a_stop_limit_order_has_both_prices() -> None:
    rig = Rig()
    only(rig.do(order_type="stop_limit", price=110_200, limit_price=110_150), OrderAccepted)
    resting = rig.terminal.orders_get()[0]  # type: ignore[index]
    assert (resting.price_open, resting.price_stoplimit) == (1.102, 1.1015)
    fields = {"order_type": "stop_limit", "price": 110_200, "limit_price": 110_150}
    assert only(rig.do(**fields, stop=110_160), OrderRejected).reason == "stop_on_wrong_side"
    only(rig.do(**fields, stop=110_140), OrderAccepted)


def test_an_order_ends_at_its_time_of_the_servers_clock() -> None:
    rig = Rig()
    ends = rig.now + HOUR
    fields = {"order_type": "limit", "price": 109_500, "time_in_force": "gtd", "expires": ends}
    only(rig.do(**fields), OrderAccepted)
    resting = rig.terminal.orders_get()[0]  # type: ignore[index]
    assert resting.time_expiration == ends // SECOND + 7_200
    rig.terminal.advance(ends + SECOND)
    rig.quote("EURUSD", *QUOTES["EURUSD"])
    only(rig.poll(), OrderExpired)
    assert rig.book.orders[7_001].state is OrderState.EXPIRED


@pytest.mark.parametrize("comments", ["keep", "clear", "prefix"])
@pytest.mark.parametrize("magics", ["keep", "zero"])
def test_brokers_may_rewrite_comments_and_magic_numbers(comments: str, magics: str) -> None:
    rig = Rig(comments=comments, magics=magics)
    rig.hand.lose_next(executes=True)
    only(rig.do(), OrderUnknown)
    events = rig.poll()
    only(events, OrderAccepted)
    assert [deal.key for deal in all_of(events, DealBooked) if deal.symbol] == [7_001]


def test_two_orders_that_look_alike_wait_for_a_person() -> None:
    rig = Rig("hedging", magics="zero", comments="clear")
    keys = []
    for executes in (True, False):
        rig.hand.lose_next(executes=executes)
        keys.append(only(rig.do(), OrderUnknown).key)
    events = rig.poll()
    assert all_of(events, OrderAccepted) == []
    assert [deal for deal in all_of(events, DealBooked) if deal.symbol] == []
    assert {alarm.code for alarm in all_of(events, GatewayAlarm)} == {"ambiguous_order"}
    ticket = sent_orders(rig)[0].ticket
    rig.take(rig.gateway.resolve(keys[0], ticket, rig.now))
    rig.take(rig.gateway.resolve(keys[1], 0, rig.now))
    events = rig.poll()
    assert [deal.key for deal in all_of(events, DealBooked)] == keys[:1]
    assert rig.book.orders[keys[1]].state is OrderState.REJECTED

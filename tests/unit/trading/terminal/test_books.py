"""Sequences of trades with every figure worked by hand, netting and hedging."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from assay.model.time import DAY, HOUR, MINUTE, SECOND, parse_time
from assay.trading.brokers.mt5 import api
from assay.trading.terminal import SimulatedTerminal, load_profile
from assay.trading.terminal.profile import Slippage
from tests.unit.trading.terminal.broker import (
    MONDAY,
    answered,
    buy,
    deal,
    deals_of,
    hedging,
    make,
    pending,
    place,
    sell,
)

BUY, SELL = api.DEAL_TYPE_BUY, api.DEAL_TYPE_SELL
IN, OUT, INOUT, OUT_BY = (
    api.DEAL_ENTRY_IN, api.DEAL_ENTRY_OUT, api.DEAL_ENTRY_INOUT, api.DEAL_ENTRY_OUT_BY,
)  # fmt: skip


def test_netting_adds_reduces_reverses_and_closes() -> None:
    terminal = make()
    first = buy(terminal, 0.2)
    terminal.quote("EURUSD", 110_100, 110_110)
    buy(terminal, 0.1)
    (held,) = terminal.positions_get()
    assert (held.ticket, held.volume, held.price_open) == (first.order, 0.3, 1.10043)
    sell(terminal, 0.15)
    terminal.quote("EURUSD", 109_900, 109_910)
    turned = sell(terminal, 0.25)
    (held,) = terminal.positions_get()
    assert (held.ticket, held.identifier) == (turned.order, first.order)
    assert (held.type, held.volume, held.price_open) == (1, 0.1, 1.099)
    terminal.quote("EURUSD", 109_800, 109_810)
    buy(terminal, 0.1)
    assert terminal.positions_get() == ()
    # 0.2 at 1.10010 and 0.1 at 1.10110 cost 33,013 lot-points, half of them 16,506.5; a lot-point
    # is a dollar. 0.15 lots close at 16,515 and at 16,485.
    assert deals_of(terminal) == [
        (BUY, IN, 0.2, 1.1001, 0.0),
        (BUY, IN, 0.1, 1.1011, 0.0),
        (SELL, OUT, 0.15, 1.101, 8.5),
        (SELL, INOUT, 0.25, 1.099, -21.5),
        (BUY, OUT, 0.1, 1.0981, 9.0),
    ]
    assert {found.position_id for found in terminal.history_deals_get(0, 2**32)[1:]} == {
        first.order
    }
    assert answered(terminal.account_info()).balance == 9996.0


def test_hedging_holds_both_sides_and_closes_one_by_the_other() -> None:
    terminal = hedging(eurusd={"margin_hedged": Decimal(50_000)})
    long = buy(terminal, 0.1).order
    account = answered(terminal.account_info())
    assert (account.margin, account.margin_level) == (110.01, 9089.17)
    short = sell(terminal, 0.2).order
    assert [held.ticket for held in terminal.positions_get()] == [long, short]
    # 0.1 uncovered lots at 1.10000 are 110.00; 0.1 hedged of 50,000 at 1.10003 are 55.00.
    assert answered(terminal.account_info()).margin == 165.0
    by = {"action": api.TRADE_ACTION_CLOSE_BY, "position": long, "position_by": short}
    result = answered(terminal.order_send(by))
    assert (result.retcode, result.volume) == (api.TRADE_RETCODE_DONE, 0.1)
    (left,) = terminal.positions_get()
    assert (left.ticket, left.volume) == (short, 0.1)
    assert deals_of(terminal)[2:] == [
        (SELL, OUT_BY, 0.1, 1.1, -1.0),
        (BUY, OUT_BY, 0.1, 1.1001, 0.0),
    ]
    assert terminal.order_send(by).retcode == api.TRADE_RETCODE_POSITION_CLOSED
    assert answered(terminal.account_info()).margin == 110.0


def test_a_hedge_passes_where_it_ties_up_no_more() -> None:
    terminal = hedging(account={"deposit": Decimal(120)})
    buy(terminal, 0.1)
    # Hedged volume is free here: 10 dollars are left, and 110 would be asked for anew.
    checked = answered(terminal.order_check(deal(api.ORDER_TYPE_SELL, 0.1)))
    assert (checked.retcode, checked.margin) == (0, 0.0)
    assert buy(terminal, 0.1).retcode == api.TRADE_RETCODE_NO_MONEY
    assert sell(terminal, 0.1).retcode == api.TRADE_RETCODE_DONE
    assert answered(terminal.account_info()).margin == 0.0


def test_a_hedge_that_lowers_the_margin_passes_below_it() -> None:
    terminal = hedging(account={"deposit": Decimal(120)}, eurusd={"margin_hedged": Decimal(80_000)})
    buy(terminal, 0.1)
    terminal.quote("EURUSD", 109_510, 109_520)
    # 70 dollars of equity, 110.01 of margin; hedged it is some 88.
    assert buy(terminal, 0.01).retcode == api.TRADE_RETCODE_NO_MONEY
    assert sell(terminal, 0.1).retcode == api.TRADE_RETCODE_DONE
    assert 87 < answered(terminal.account_info()).margin < 89


def test_a_reversal_is_margined_for_what_it_opens_alone() -> None:
    terminal = make({"deposit": Decimal(120)})
    buy(terminal, 0.1)
    assert answered(terminal.order_check(deal(api.ORDER_TYPE_SELL, 0.2))).margin == 110.0
    assert sell(terminal, 0.2).retcode == api.TRADE_RETCODE_DONE
    assert sell(terminal, 0.1).retcode == api.TRADE_RETCODE_NO_MONEY


@pytest.mark.parametrize(("calculation", "currency", "margin"), [
    ("forex", "", 110.01), ("forex_no_leverage", "", 11_001.0), ("cfd", "USD", 11_001.0),
    ("cfd_leverage", "USD", 110.01),
])  # fmt: skip
def test_margin_is_reckoned_as_the_contract_says(
    calculation: str, currency: str, margin: float
) -> None:
    terminal = make(eurusd={"calculation": calculation, "currency_margin": currency})
    assert terminal.order_calc_margin(0, "EURUSD", 0.1, 1.1001) == margin


def test_an_exchange_places_orders_and_keeps_what_is_left_of_them() -> None:
    terminal = make({"margin_mode": "exchange"}, eurusd={"execution": "exchange"})
    kind = api.ORDER_TYPE_BUY_LIMIT
    placed = answered(terminal.order_send(pending(kind, 1.09, type_filling=2)))
    assert placed.retcode == api.TRADE_RETCODE_PLACED
    refused = answered(terminal.order_send(pending(kind, 1.09, type_filling=3)))
    assert refused.retcode == api.TRADE_RETCODE_INVALID_FILL
    assert answered(terminal.account_info()).margin_mode == api.ACCOUNT_MARGIN_MODE_EXCHANGE


def test_the_larger_leg_alone_is_margined_where_the_broker_says_so() -> None:
    terminal = hedging(eurusd={"margin_hedged_use_leg": True})
    buy(terminal, 0.1)
    sell(terminal, 0.3)
    assert answered(terminal.account_info()).margin == 330.0


def test_profit_in_yen_is_converted_at_the_side_that_hurts() -> None:
    terminal = hedging()
    terminal.quote("USDJPY", 110_000, 110_010)
    for _ in range(2):
        buy(terminal, 1.0, symbol="USDJPY")
    gain, loss = (held.ticket for held in terminal.positions_get())
    assert answered(terminal.account_info()).margin == 2000.0
    terminal.quote("USDJPY", 110_100, 110_200)
    sell(terminal, 1.0, symbol="USDJPY", position=gain)
    terminal.quote("USDJPY", 109_900, 110_000)
    sell(terminal, 1.0, symbol="USDJPY", position=loss)
    # 9,000 yen are sold at 110.200, and 11,000 that were lost are bought at 109.900.
    assert [profit for *_, profit in deals_of(terminal)[2:]] == [81.67, -100.09]
    assert terminal.order_calc_profit(0, "USDJPY", 1.0, 110.01, 109.9) == -100.09
    assert terminal.order_calc_margin(0, "USDJPY", 0.1, 110.01) == 100.0


def test_gold_is_margined_by_its_value() -> None:
    terminal = make()
    terminal.quote("XAUUSD", 128_650, 128_680)
    assert terminal.order_calc_margin(0, "XAUUSD", 0.5, 1286.8) == 643.4
    assert terminal.order_calc_profit(1, "XAUUSD", 0.5, 1286.5, 1287.0) == -25.0


def test_commission_is_taken_on_each_side() -> None:
    terminal = make(eurusd={"commission": Decimal("-3.5")})
    buy(terminal, 0.15)
    sell(terminal, 0.15)
    taken = [found.commission for found in terminal.history_deals_get(0, 2**32)[1:]]
    # 52.5 cents are rounded half-even.
    assert taken == [-0.52, -0.52]
    assert answered(terminal.account_info()).balance == 10_000 - 1.04 - 1.5


@pytest.mark.parametrize(
    ("triple", "nights"), [(3, (1, 2, 5, 6, 7, 7, 7)), (5, (1, 2, 3, 4, 7, 7, 7))]
)
def test_swap_is_threefold_on_the_day_of_the_broker(triple: int, nights: tuple[int, ...]) -> None:
    terminal = make(eurusd={"swap_long": Decimal("-6.5"), "swap_triple_day": triple})
    buy(terminal, 0.5)
    # The server's midnight is 22:00 UTC; 6.5 points of half a lot are 3.25 dollars.
    for day, told in enumerate(nights):
        terminal.advance(MONDAY + day * DAY + 12 * HOUR)
        assert terminal.positions_get()[0].swap == -3.25 * told
    terminal.quote("EURUSD", 110_000, 110_010, MONDAY + 7 * DAY)
    sell(terminal, 0.2)
    last = terminal.history_deals_get(0, 2**32)[-1]
    assert (last.swap, terminal.positions_get()[0].swap) == (-9.1, -13.65)


@pytest.mark.parametrize(("mode", "quoted", "charged"), [
    ("deposit", -2, -1.0), ("symbol", -2, -1.1), ("interest", -3, -4.58), ("disabled", -9, 0.0),
])  # fmt: skip
def test_swap_is_quoted_in_several_units(mode: Any, quoted: int, charged: float) -> None:
    terminal = make(eurusd={"swap_mode": mode, "swap_long": Decimal(quoted)})
    buy(terminal, 0.5)
    terminal.advance(MONDAY + 13 * HOUR)
    # Of 55,005 dollars 3 % a year of 360 days are 4.58; 1 euro bought costs 1.1001 dollars.
    assert terminal.positions_get()[0].swap == charged


@pytest.mark.parametrize(
    ("mode", "at", "last"), [("percent", 50, 108_561), ("money", 300, 108_611)]
)
def test_the_stop_out_closes_at_its_level_and_not_a_point_before(
    mode: str, at: int, last: int
) -> None:
    account = {"deposit": Decimal(1000), "stopout_mode": mode, "stopout": Decimal(at)}
    terminal = make(account)
    buy(terminal, 0.5)
    terminal.quote("EURUSD", last, last + 10)
    assert len(terminal.positions_get()) == 1
    terminal.quote("EURUSD", last - 1, last + 9)
    assert terminal.positions_get() == ()
    closing = terminal.history_deals_get(0, 2**32)[-1]
    assert (closing.reason, closing.price) == (api.DEAL_REASON_SO, (last - 1) / 1e5)
    assert closing.comment.startswith("[so ")


def test_the_stop_out_takes_the_worst_first_and_stops_when_it_is_over() -> None:
    terminal = hedging(account={"deposit": Decimal(1000)})
    better = buy(terminal, 0.2).order
    terminal.quote("EURUSD", 110_500, 110_510)
    worse = buy(terminal, 0.3).order
    assert len(terminal.positions_get()) == 2
    terminal.quote("EURUSD", 108_800, 108_810)
    closing = terminal.history_deals_get(0, 2**32)[-1]
    assert (closing.position_id, closing.reason) == (worse, api.DEAL_REASON_SO)
    assert [held.ticket for held in terminal.positions_get()] == [better]


def test_a_weekend_takes_more_margin() -> None:
    terminal = make(weekend_leverage=4)
    buy(terminal, 0.1)
    assert answered(terminal.account_info()).margin == 110.01
    # Friday 22:00 of the server is 20:00 UTC.
    terminal.advance(MONDAY + 4 * DAY + 9 * HOUR + 59 * MINUTE)
    assert answered(terminal.account_info()).margin == 110.01
    terminal.advance(MONDAY + 4 * DAY + 10 * HOUR)
    assert answered(terminal.account_info()).margin == 440.04
    terminal.advance(MONDAY + 6 * DAY + 12 * HOUR)
    assert answered(terminal.account_info()).margin == 110.01


def test_stops_are_skipped_over_a_gap_and_targets_are_bettered() -> None:
    terminal = hedging()
    stopped = buy(terminal, 0.1, sl=1.095).order
    won = sell(terminal, 0.1, tp=1.095).order
    terminal.quote("EURUSD", 109_000, 109_010)
    closing = {found.position_id: found for found in terminal.history_deals_get(0, 2**32)[3:]}
    assert (closing[stopped].price, closing[stopped].reason) == (1.09, api.DEAL_REASON_SL)
    assert (closing[won].price, closing[won].reason) == (1.0901, api.DEAL_REASON_TP)
    assert closing[stopped].comment == "[sl 1.09500]"
    order = terminal.history_orders_get(ticket=closing[stopped].order)[0]
    assert (order.reason, order.type, order.position_id) == (
        api.ORDER_REASON_SL, api.ORDER_TYPE_SELL, stopped,
    )  # fmt: skip


@pytest.mark.parametrize(("opened", "stops", "quote", "reason"), [
    (buy, {"sl": 1.095}, (109_500, 109_510), api.DEAL_REASON_SL),
    (buy, {"tp": 1.105}, (110_500, 110_510), api.DEAL_REASON_TP),
    (sell, {"sl": 1.105}, (110_490, 110_500), api.DEAL_REASON_SL),
    (sell, {"tp": 1.095}, (109_490, 109_500), api.DEAL_REASON_TP),
])  # fmt: skip
@pytest.mark.parametrize("later", [False, True])
def test_a_stop_is_met_at_its_own_point_of_the_side_that_closes(
    opened: Any, stops: dict[str, float], quote: tuple[int, int], reason: int, later: bool
) -> None:
    terminal = make()
    ticket = opened(terminal, 0.1, **({} if later else stops)).order
    terminal.quote("EURUSD", 110_000, 110_010)
    if later:
        move = {"action": api.TRADE_ACTION_SLTP, "position": ticket, **stops}
        assert terminal.order_send(move).retcode == api.TRADE_RETCODE_DONE
    inside = -1 if quote[0] > 110_000 else 1
    terminal.quote("EURUSD", quote[0] + inside, quote[1] + inside)
    assert terminal.positions_total() == 1
    terminal.quote("EURUSD", *quote)
    assert terminal.positions_total() == 0
    assert terminal.history_deals_get(0, 2**32)[-1].reason == reason


def test_netting_stops_stay_unless_an_addition_names_its_own_and_turn_with_a_reversal() -> None:
    terminal = make()
    told = []
    for trade, volume, stops in (
        (buy, 0.1, {"sl": 1.09, "tp": 1.12}), (buy, 0.1, {}), (buy, 0.1, {"sl": 1.08}),
        (sell, 0.1, {"sl": 1.2}), (sell, 0.4, {"sl": 1.15}),
    ):  # fmt: skip
        trade(terminal, volume, **stops)
        held = terminal.positions_get()[0]
        told.append((held.sl, held.tp))
    assert told == [(1.09, 1.12), (1.09, 1.12), (1.08, 1.12), (1.08, 1.12), (1.15, 0.0)]


def test_a_target_is_kept_to_where_the_broker_keeps_what_is_better() -> None:
    terminal = make(improves=False)
    sell(terminal, 0.1, tp=1.095)
    terminal.quote("EURUSD", 109_000, 109_010)
    assert deals_of(terminal)[-1][3] == 1.095


PENDING = [
    (api.ORDER_TYPE_BUY_LIMIT, 1.095, (109_490, 109_500), 1.095),
    (api.ORDER_TYPE_SELL_LIMIT, 1.105, (110_500, 110_510), 1.105),
    (api.ORDER_TYPE_BUY_STOP, 1.105, (110_600, 110_610), 1.1061),
    (api.ORDER_TYPE_SELL_STOP, 1.095, (109_400, 109_410), 1.094),
]


@pytest.mark.parametrize(("kind", "price", "quote", "filled"), PENDING)
def test_a_resting_order_fills_at_its_price_or_through_a_gap(
    kind: int, price: float, quote: tuple[int, int], filled: float
) -> None:
    terminal = make()
    ticket = place(terminal, kind, price, sl=0.0, comment="rests", magic=9)
    assert terminal.orders_total() == 1
    terminal.quote("EURUSD", *quote)
    assert terminal.orders_total() == 0
    (held,) = terminal.positions_get()
    assert (held.ticket, held.price_open, held.magic, held.comment) == (ticket, filled, 9, "rests")
    assert terminal.history_orders_get(ticket=ticket)[0].state == api.ORDER_STATE_FILLED


def test_a_stop_limit_becomes_a_limit_and_then_a_position() -> None:
    terminal = make()
    ticket = place(terminal, api.ORDER_TYPE_BUY_STOP_LIMIT, 1.101, stoplimit=1.1005)
    terminal.quote("EURUSD", 110_090, 110_100)
    (resting,) = terminal.orders_get()
    assert (resting.ticket, resting.type, resting.price_open) == (
        ticket, api.ORDER_TYPE_BUY_LIMIT, 1.1005,
    )  # fmt: skip
    terminal.quote("EURUSD", 110_040, 110_050)
    assert terminal.positions_get()[0].price_open == 1.1005


def test_orders_expire_by_the_servers_clock() -> None:
    terminal = make()
    midnight = parse_time("2019-03-04T22:00:00")
    kind = api.ORDER_TYPE_BUY_LIMIT
    place(terminal, kind, 1.09, type_time=api.ORDER_TIME_DAY)
    # Two hours from now, as the server's wall clock has it.
    later = (MONDAY + 4 * HOUR) // 10**9
    place(terminal, kind, 1.09, type_time=api.ORDER_TIME_SPECIFIED, expiration=later)
    place(terminal, kind, 1.09, type_time=api.ORDER_TIME_SPECIFIED_DAY, expiration=later + 86_400)
    lasting = place(terminal, kind, 1.09)
    for moment, left in ((MONDAY + 2 * HOUR, 3), (midnight, 2), (midnight + DAY, 1)):
        terminal.advance(moment - SECOND)
        assert terminal.orders_total() > left
        terminal.advance(moment)
        assert terminal.orders_total() == left
    assert terminal.orders_get()[0].ticket == lasting
    expired = terminal.history_orders_get(0, 2**32)
    assert {order.state for order in expired} == {api.ORDER_STATE_EXPIRED}


def test_volume_beyond_the_quote_is_filled_in_part_or_later() -> None:
    shallow = {"depth": Decimal("0.05"), "execution": "exchange"}
    terminal = make(eurusd=shallow)
    part = buy(terminal, 0.1)
    assert (part.retcode, part.volume) == (api.TRADE_RETCODE_DONE_PARTIAL, 0.05)
    assert terminal.history_orders_get(ticket=part.order)[0].volume_current == 0.05
    again = buy(terminal, 0.1)
    assert again.retcode == api.TRADE_RETCODE_REJECT
    terminal.quote("EURUSD", 110_000, 110_010)
    rest = buy(terminal, 0.12, type_filling=api.ORDER_FILLING_RETURN)
    assert terminal.orders_get()[0].state == api.ORDER_STATE_PARTIAL
    for _ in range(2):
        terminal.quote("EURUSD", 110_000, 110_010)
    assert [found[2] for found in deals_of(terminal)] == [0.05, 0.05, 0.05, 0.02]
    assert terminal.history_orders_get(ticket=rest.order)[0].state == api.ORDER_STATE_FILLED


def test_two_limits_never_fill_from_the_same_quantity() -> None:
    terminal = hedging(eurusd={"depth": Decimal("0.1")})
    first, second = (place(terminal, api.ORDER_TYPE_BUY_LIMIT, 1.095) for _ in range(2))
    terminal.quote("EURUSD", 109_490, 109_500)
    assert [held.ticket for held in terminal.positions_get()] == [first]
    terminal.quote("EURUSD", 109_490, 109_500)
    assert [held.ticket for held in terminal.positions_get()] == [first, second]


def test_a_resting_order_without_money_is_rejected_when_its_price_comes() -> None:
    terminal = make({"deposit": Decimal(200)})
    ticket = place(terminal, api.ORDER_TYPE_BUY_LIMIT, 1.095)
    buy(terminal, 0.1)
    terminal.quote("EURUSD", 109_490, 109_500)
    assert terminal.history_orders_get(ticket=ticket)[0].state == api.ORDER_STATE_REJECTED


def test_stops_move_and_orders_change_and_go() -> None:
    terminal = make()
    held = buy(terminal, 0.1).order
    move = {"action": api.TRADE_ACTION_SLTP, "position": held, "sl": 1.09, "tp": 1.2}
    assert terminal.order_send(move).retcode == api.TRADE_RETCODE_DONE
    assert (terminal.positions_get()[0].sl, terminal.positions_get()[0].tp) == (1.09, 1.2)
    ticket = place(terminal, api.ORDER_TYPE_BUY_LIMIT, 1.095)
    change = {"action": api.TRADE_ACTION_MODIFY, "order": ticket, "price": 1.096, "sl": 1.08}
    assert terminal.order_send(change).retcode == api.TRADE_RETCODE_DONE
    assert (terminal.orders_get()[0].price_open, terminal.orders_get()[0].sl) == (1.096, 1.08)
    gone = {"action": api.TRADE_ACTION_REMOVE, "order": ticket}
    assert terminal.order_send(gone).retcode == api.TRADE_RETCODE_DONE
    assert terminal.history_orders_get(ticket=ticket)[0].state == api.ORDER_STATE_CANCELED


def slipped(seed: int, **given: Any) -> list[float]:
    slippage = Slippage(points=Decimal(2), favourable=Decimal("0.3"))
    found = []
    for number in range(60):
        terminal = make(eurusd={"slippage": slippage}, seed=seed + number)
        if given:
            buy(terminal, 0.1, **given)
            terminal.quote("EURUSD", 109_000, 109_010)
            found.append(109_000 - deals_of(terminal)[-1][3] * 1e5)
        else:
            found.append(buy(terminal, 0.1).price * 1e5 - 110_010)
    return [round(points) for points in found]


def test_stops_always_slip_against_and_farther_than_orders_at_market() -> None:
    orders, stops = slipped(1), slipped(1, sl=1.095)
    assert min(orders) < 0 < max(orders)
    assert min(stops) >= 0
    assert sum(stops) > 1.5 * sum(map(abs, orders))


def test_a_check_says_what_a_request_would_do() -> None:
    terminal = make()
    checked = answered(terminal.order_check(deal(api.ORDER_TYPE_BUY, 0.1)))
    assert (checked.retcode, checked.margin, checked.margin_free) == (0, 110.01, 9889.99)
    assert checked.request._asdict()["volume"] == 0.1
    assert terminal.positions_total() == 0
    refused = terminal.order_check(deal(api.ORDER_TYPE_BUY, 50.0))
    assert (refused.retcode, refused.comment) == (api.TRADE_RETCODE_NO_MONEY, "No money")


def test_a_terminal_of_the_same_seed_does_the_same(tmp_path: Any) -> None:
    def run() -> bytes:
        terminal = SimulatedTerminal(load_profile("netting"), seed=7, start=MONDAY)
        terminal.initialize()
        for step in range(40):
            price = 110_000 + (step * 7919) % 300
            terminal.quote("EURUSD", price, price + 12, MONDAY + step * MINUTE)
            if step % 4 == 0:
                (buy if step % 8 else sell)(terminal, 0.1, sl=0.0)
        return terminal.save()

    assert run() == run()

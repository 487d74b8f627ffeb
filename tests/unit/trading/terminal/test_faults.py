"""What befalls a terminal: lost links and answers, updates, logouts, and its user's own hand."""

from __future__ import annotations

from decimal import Decimal

import pytest

from assay.model.errors import UsageError
from assay.model.time import HOUR, MINUTE, SECOND
from assay.trading.brokers.mt5 import api
from assay.trading.terminal import Hand, Quote, SimulatedTerminal
from assay.trading.terminal.profile import Latency, Slippage
from tests.unit.trading.terminal.broker import (
    EURUSD,
    MONDAY,
    answered,
    buy,
    deal,
    hedging,
    make,
    place,
    sell,
)

CALLS = ("positions_get", "orders_get", "account_info", "terminal_info", "version", "symbols_get")


def test_before_it_is_connected_every_call_fails_alike() -> None:
    terminal = make()
    terminal.shutdown()
    for name in (*CALLS, "positions_total", "orders_total", "symbols_total"):
        assert getattr(terminal, name)() is None
        assert terminal.last_error() == (api.RES_E_INTERNAL_FAIL_CONNECT, "No IPC connection")
    assert terminal.order_send(deal(0, 0.1)) is None
    assert terminal.copy_rates_from_pos("EURUSD", 1, 0, 5) is None
    assert terminal.symbol_select("EURUSD") is False


def test_nothing_open_is_an_empty_answer_and_not_none() -> None:
    terminal = make()
    assert terminal.positions_get() == terminal.orders_get(symbol="EURUSD") == ()
    assert terminal.history_deals_get(0, 1) == ()
    assert terminal.history_deals_get("today", 1) is None
    assert terminal.last_error() == (-2, "Invalid 1st unnamed argument")
    assert terminal.positions_get("EURUSD") is None
    assert terminal.last_error() == (-2, "Unnamed arguments not allowed")


def test_a_lost_answer_may_hide_an_order_that_was_executed() -> None:
    terminal = make()
    hand = Hand(terminal)
    for executes, left in ((False, 0), (True, 1)):
        hand.lose_next(executes=executes)
        assert terminal.order_send(deal(0, 0.1, magic=7)) is None
        assert terminal.last_error() == (api.RES_E_INTERNAL_FAIL_TIMEOUT, "IPC timeout")
        assert len(terminal.positions_get()) == left
    assert terminal.positions_get()[0].magic == 7


def test_a_timeout_of_the_server_may_do_so_too() -> None:
    terminal = make()
    Hand(terminal).answer_next(api.TRADE_RETCODE_TIMEOUT, executes=True)
    assert buy(terminal, 0.1).retcode == api.TRADE_RETCODE_TIMEOUT
    assert terminal.positions_total() == 1


def test_a_cut_link_shows_what_was_seen_last_while_the_server_goes_on() -> None:
    terminal = make()
    held = buy(terminal, 0.1, sl=1.095).order
    hand = Hand(terminal)
    hand.disconnect(seconds=60)
    before = answered(terminal.account_info())
    terminal.quote("EURUSD", 109_000, 109_010, MONDAY + 30 * SECOND)
    assert not answered(terminal.terminal_info()).connected
    assert answered(terminal.account_info()) == before
    assert terminal.positions_get()[0].ticket == held
    assert answered(terminal.symbol_info_tick("EURUSD")).bid == 1.1
    assert len(terminal.copy_ticks_from("EURUSD", 0, 9, api.COPY_TICKS_ALL)) == 1
    assert len(terminal.history_deals_get(0, 2**32)) == 2
    assert buy(terminal, 0.1).retcode == api.TRADE_RETCODE_CONNECTION
    terminal.advance(MONDAY + 61 * SECOND)
    assert answered(terminal.terminal_info()).connected
    assert terminal.positions_get() == ()
    assert terminal.history_deals_get(0, 2**32)[-1].reason == api.DEAL_REASON_SL
    assert len(terminal.copy_ticks_from("EURUSD", 0, 9, api.COPY_TICKS_ALL)) == 2


def test_an_order_whose_answer_breaks_the_link_is_seen_after_it_is_mended() -> None:
    terminal = make()
    hand = Hand(terminal)
    hand.lose_next(executes=True, drops_link=True)
    assert terminal.order_send(deal(0, 0.1)) is None
    assert terminal.positions_total() == 0
    hand.reconnect()
    assert terminal.positions_total() == 1


def test_an_update_restarts_the_terminal_and_its_program_must_connect_again() -> None:
    terminal = make()
    held = buy(terminal, 0.1).order
    Hand(terminal).restart(seconds=30)
    assert terminal.account_info() is None
    assert terminal.last_error() == (api.RES_E_INTERNAL_FAIL_RECEIVE, "IPC recv failed")
    assert terminal.account_info() is None
    assert terminal.last_error()[0] == api.RES_E_INTERNAL_FAIL_CONNECT
    assert terminal.initialize() is False
    assert terminal.last_error()[0] == api.RES_E_INTERNAL_FAIL_INIT
    terminal.advance(MONDAY + 30 * SECOND)
    assert terminal.initialize()
    assert terminal.version()[1] == 5001
    assert terminal.positions_get()[0].ticket == held


def test_a_logout_and_another_account_are_told() -> None:
    terminal = make()
    hand = Hand(terminal)
    hand.switch_account(2)
    assert (terminal.account_info().login, terminal.account_info().currency) == (2, "EUR")
    hand.log_out()
    assert terminal.account_info() is None
    assert terminal.last_error() == (api.RES_E_AUTH_FAILED, "Terminal: Authorization failed")
    assert terminal.initialize() is False
    assert terminal.login(1, password="wrong") is False
    assert terminal.login(1, password="simulated", server="Elsewhere") is False
    assert terminal.login(9) is False
    assert terminal.login(1, password="simulated", server="Small-1")
    assert terminal.account_info().login == 1
    with pytest.raises(UsageError, match="no account 9"):
        hand.switch_account(9)


def test_the_users_own_trades_have_no_magic_and_the_reason_client() -> None:
    terminal = hedging()
    ours = buy(terminal, 0.2, magic=77, sl=1.09).order
    hand = Hand(terminal)
    theirs = hand.trade("EURUSD", -0.1)
    assert theirs.retcode == api.TRADE_RETCODE_DONE
    deals = terminal.history_deals_get(0, 2**32)
    assert (deals[-1].magic, deals[-1].reason) == (0, api.DEAL_REASON_CLIENT)
    assert hand.edit(ours, 0.0, 1.2).retcode == api.TRADE_RETCODE_DONE
    assert (terminal.positions_get(ticket=ours)[0].sl, hand.close(ours, 0.05).volume) == (0.0, 0.05)
    assert hand.close(ours).retcode == api.TRADE_RETCODE_DONE
    closing = terminal.history_deals_get(position=ours)
    assert [(found.magic, found.reason) for found in closing] == [
        (77, api.DEAL_REASON_EXPERT), (0, api.DEAL_REASON_CLIENT), (0, api.DEAL_REASON_CLIENT),
    ]  # fmt: skip
    resting = place(terminal, api.ORDER_TYPE_BUY_LIMIT, 1.09)
    hand.remove(resting)
    assert terminal.orders_total() == 0
    hand.deposit(-500.25)
    last = terminal.history_deals_get(0, 2**32)[-1]
    assert (last.type, last.profit) == (api.DEAL_TYPE_BALANCE, -500.25)


def test_a_hand_works_while_programs_are_shut_out() -> None:
    terminal = make()
    hand = Hand(terminal)
    hand.switch_auto_trading(False)
    held = hand.trade("EURUSD", 0.1).order
    assert sell(terminal, 0.1).retcode == api.TRADE_RETCODE_CLIENT_DISABLES_AT
    assert not answered(terminal.terminal_info()).trade_allowed
    assert hand.close(held).retcode == api.TRADE_RETCODE_DONE


def test_brokers_rewrite_comments_and_magics() -> None:
    kept = make(comments="prefix", magics="zero")
    buy(kept, 0.1, magic=5, comment="0123456789" * 4)
    (held,) = kept.positions_get()
    assert (held.magic, held.comment, len(held.comment)) == (
        0,
        "b:" + "0123456789" * 2 + "012345678",
        31,
    )
    cleared = make(comments="clear")
    buy(cleared, 0.1, magic=5, comment="mine")
    assert (cleared.positions_get()[0].magic, cleared.positions_get()[0].comment) == (5, "")


def test_latency_lets_the_market_move_before_the_fill() -> None:
    feed = (
        Quote(MONDAY + step * SECOND // 100, "EURUSD", 110_000 + step, 110_010 + step)
        for step in range(1, 400)
    )
    terminal = make(latency=Latency(median_ms=Decimal(100)), feed=feed)
    result = buy(terminal, 0.1)
    waited = terminal.now - MONDAY
    assert 0 < waited < 4 * SECOND
    # A quote every hundredth of a second, each a point higher.
    assert result.price == (110_010 + waited * 100 // SECOND) / 1e5
    again = terminal.now
    Hand(terminal).delay_next(7)
    buy(terminal, 0.1)
    assert terminal.now == again + 7 * SECOND


def test_the_same_movement_in_latency_requotes_on_instant_execution() -> None:
    terminal = make(eurusd={"execution": "instant"})
    price = answered(terminal.symbol_info_tick("EURUSD")).ask
    terminal.quote("EURUSD", 110_004, 110_014, MONDAY + SECOND)
    again = buy(terminal, 0.1, price=price, deviation=3)
    assert (again.retcode, again.ask) == (api.TRADE_RETCODE_REQUOTE, 1.10014)
    assert buy(terminal, 0.1, price=price, deviation=4).price == 1.10014


def test_news_multiply_slippage_and_latency() -> None:
    def mean(*, news: bool) -> float:
        slippage = Slippage(points=Decimal(3), favourable=Decimal(0), news_factor=Decimal(5))
        terminal = make(eurusd={"slippage": slippage})
        if news:
            Hand(terminal).announce_news(60)
        return sum(buy(terminal, 0.01).price - 1.1001 for _ in range(200)) / 200 * 1e5

    assert 2 < mean(news=False) < 4
    assert 10 < mean(news=True) < 20
    over = make()
    Hand(over).announce_news(60)
    assert over.server.is_news
    over.advance(MONDAY + 60 * SECOND)
    assert not over.server.is_news


def test_history_is_short_until_it_was_asked_for_often_enough() -> None:
    terminal = make()
    for minute in range(1, 10):
        terminal.quote("EURUSD", 110_000, 110_010, MONDAY + minute * MINUTE)
    Hand(terminal).delay_history(3)
    lengths = [
        len(terminal.copy_rates_from_pos("EURUSD", api.TIMEFRAME_M1, 0, 100)) for _ in range(3)
    ]
    assert lengths == [5, 5, 10]


def test_deals_come_into_the_history_later_than_they_were_made() -> None:
    terminal = make(history_lag_ms=Decimal(500))
    terminal.advance(MONDAY + SECOND)
    result = buy(terminal, 0.1)
    assert terminal.history_deals_get(ticket=result.order) == ()
    assert terminal.history_orders_get(ticket=result.order) == ()
    assert terminal.positions_total() == 1
    terminal.advance(MONDAY + 2 * SECOND)
    assert terminal.history_deals_get(ticket=result.order)[0].ticket == result.deal
    Hand(terminal).delay_deals(60)
    assert terminal.history_deals_total(0, 2**32) == 0


def test_a_dealer_may_ask_again_although_the_price_would_do() -> None:
    terminal = make(eurusd={"execution": "instant"}, requote_chance=Decimal("0.25"))
    codes = [buy(terminal, 0.01, price=1.1001).retcode for _ in range(200)]
    assert 25 < codes.count(api.TRADE_RETCODE_REQUOTE) < 75
    assert set(codes) == {api.TRADE_RETCODE_REQUOTE, api.TRADE_RETCODE_DONE}


def test_a_changed_contract_is_seen_at_once() -> None:
    terminal = make()
    Hand(terminal).change_terms("EURUSD", stops_level=50, contract_size=Decimal(10_000))
    found = answered(terminal.symbol_info("EURUSD"))
    assert (found.trade_stops_level, found.trade_contract_size) == (50, 10_000.0)
    assert terminal.order_calc_profit(0, "EURUSD", 1.0, 1.1, 1.2) == 1000.0


def test_symbols_show_prices_once_they_are_selected() -> None:
    terminal = make()
    terminal.quote("USDJPY", 110_000, 110_010)
    assert terminal.symbol_info_tick("USDJPY") is None
    assert answered(terminal.symbol_info("USDJPY")).bid == 0.0
    assert terminal.symbol_select("USDJPY")
    assert answered(terminal.symbol_info_tick("USDJPY")).bid == 110.0
    assert terminal.symbol_select("USDJPY", False)
    assert terminal.symbol_info("NONE") is None
    assert terminal.last_error() == (api.RES_E_NOT_FOUND, "Terminal: Not found")
    names = [found.name for found in terminal.symbols_get(group="*USD*,!XAU*")]
    assert names == [EURUSD.name, "USDJPY"]
    assert terminal.symbols_total() == 3
    buy(terminal, 0.1)
    assert not terminal.symbol_select("EURUSD", False)


def test_depth_is_what_the_quote_still_has() -> None:
    terminal = make(eurusd={"depth": Decimal(2)})
    assert terminal.market_book_get("EURUSD") is None
    assert terminal.market_book_add("EURUSD")
    buy(terminal, 0.5)
    rows = [tuple(row) for row in terminal.market_book_get("EURUSD")]
    assert rows == [(api.BOOK_TYPE_SELL, 1.1001, 1, 1.5), (api.BOOK_TYPE_BUY, 1.1, 2, 2.0)]
    assert terminal.market_book_release("EURUSD")
    assert make().market_book_add("EURUSD") is False


def test_the_pythonic_three_buy_sell_and_close() -> None:
    terminal = make()
    assert terminal.Buy("EURUSD", 0.1).retcode == api.TRADE_RETCODE_DONE
    assert terminal.Close("EURUSD") is True
    assert terminal.Close("EURUSD") is False
    assert terminal.Sell("EURUSD", 0.1, comment="short").retcode == api.TRADE_RETCODE_DONE
    assert terminal.positions_get()[0].comment == "short"
    Hand(terminal).answer_next(api.TRADE_RETCODE_REQUOTE)
    assert terminal.Close("EURUSD") is True


def test_a_saved_terminal_goes_on_where_it_stopped() -> None:
    def start() -> SimulatedTerminal:
        return make(latency=Latency(median_ms=Decimal(50)))

    first, second = start(), start()
    for terminal in (first, second):
        buy(terminal, 0.3, sl=1.09)
        place(terminal, api.ORDER_TYPE_BUY_LIMIT, 1.095)
    second = start()
    second.restore(first.save())
    for terminal in (first, second):
        terminal.quote("EURUSD", 109_400, 109_410, MONDAY + HOUR)
        sell(terminal, 0.2)
    assert first.save() == second.save()
    assert first.history_deals_get(0, 2**32) == second.history_deals_get(0, 2**32)
    with pytest.raises(UsageError, match="give the profile it was made with"):
        make(name="another").restore(first.save())

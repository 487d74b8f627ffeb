"""Every refusal of a server, by the smallest request that earns it."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from assay.model.time import DAY, HOUR, MINUTE
from assay.trading.brokers.mt5 import api
from assay.trading.terminal import Hand, SimulatedTerminal
from tests.unit.trading.terminal.broker import (
    MONDAY,
    buy,
    deal,
    hedging,
    make,
    pending,
    place,
    sell,
)

BUY, SELL = api.ORDER_TYPE_BUY, api.ORDER_TYPE_SELL
LIMIT, STOP, STOP_LIMIT = (
    api.ORDER_TYPE_BUY_LIMIT, api.ORDER_TYPE_BUY_STOP, api.ORDER_TYPE_BUY_STOP_LIMIT,
)  # fmt: skip
SLTP = {"action": api.TRADE_ACTION_SLTP, "symbol": "EURUSD"}
REMOVE = {"action": api.TRADE_ACTION_REMOVE}

Case = tuple[str, int, Callable[[], SimulatedTerminal], dict[str, Any]]


def of(**terms: Any) -> Callable[[], SimulatedTerminal]:
    return lambda: make(eurusd=terms)


def with_position(**given: Any) -> SimulatedTerminal:
    terminal = hedging(**given)
    assert buy(terminal, 0.1, price=1.1001).retcode == api.TRADE_RETCODE_DONE
    return terminal


def with_order(**given: Any) -> SimulatedTerminal:
    terminal = make(**given)
    place(terminal, LIMIT, 1.095)
    return terminal


def closed() -> SimulatedTerminal:
    terminal = make()
    terminal.advance(MONDAY + 5 * DAY)
    return terminal


def switched(name: str) -> SimulatedTerminal:
    terminal = make()
    getattr(Hand(terminal), name)(False)
    return terminal


def off(name: str) -> Callable[[], SimulatedTerminal]:
    return lambda: switched(name)


def cut() -> SimulatedTerminal:
    terminal = make()
    Hand(terminal).disconnect()
    return terminal


def answering(retcode: int) -> SimulatedTerminal:
    terminal = make()
    Hand(terminal).answer_next(retcode)
    return terminal


def frozen() -> SimulatedTerminal:
    terminal = hedging(eurusd={"freeze_level": 50})
    buy(terminal, 0.1, sl=1.0996, tp=1.2)
    return terminal


def resting_close() -> SimulatedTerminal:
    """Return a position of which a close rests for want of volume."""
    terminal = hedging(eurusd={"execution": "exchange", "depth": Decimal("0.1")})
    for _ in range(2):
        assert buy(terminal, 0.1, type_filling=api.ORDER_FILLING_IOC).retcode == 10009
        terminal.quote("EURUSD", 110_000, 110_010)
    first = terminal.desk.book.positions[1_000_003]
    first.volume = 20_000_000
    first.cost *= 2
    half = sell(terminal, 0.2, position=first.ticket, type_filling=api.ORDER_FILLING_RETURN)
    assert half.retcode == api.TRADE_RETCODE_DONE_PARTIAL
    return terminal


LOT, SHALLOW = Decimal(1), Decimal("0.05")
FIRST = 1_000_003
"""The ticket of the first order: two deposits came before it."""

CASES: list[Case] = [
    ("done", 10009, make, deal(BUY, 0.1)),
    ("market execution asks no price", 10009, make, deal(BUY, 0.1, price=9.0)),
    ("no such symbol", 10013, make, deal(BUY, 0.1, symbol="NONE")),
    ("no such action", 10013, make, deal(BUY, 0.1) | {"action": 3}),
    ("a resting type at market", 10013, make, deal(LIMIT, 0.1)),
    ("a market type at rest", 10013, make, pending(BUY, 1.09)),
    ("no such order", 10013, make, REMOVE | {"symbol": "EURUSD", "order": 5}),
    ("type not allowed", 10035, of(order_mode=1), pending(LIMIT, 1.09)),
    ("below the minimum", 10014, make, deal(BUY, 0.001)),
    ("above the maximum", 10014, make, deal(BUY, 101.0)),
    ("off the step", 10014, make, deal(BUY, 0.015)),
    ("over the limit", 10034, of(volume_limit=LOT), deal(BUY, 1.01)),
    ("filling is a mask, not the enum", 10030, make, deal(BUY, 0.1, type_filling=3)),
    ("return without exchange", 10030, make, deal(BUY, 0.1, type_filling=2)),
    ("no such mode", 10030, of(filling=("ioc",)), deal(BUY, 0.1) | {"type_filling": 0}),
    ("resting price off the grid", 10015, make, pending(LIMIT, 1.095005)),
    ("limit above the market", 10015, make, pending(LIMIT, 1.2)),
    ("stop below the market", 10015, make, pending(STOP, 1.0)),
    ("within the stops level", 10015, of(stops_level=50), pending(LIMIT, 1.0997)),
    ("stop-limit above its stop", 10015, make, pending(STOP_LIMIT, 1.11, stoplimit=1.12)),
    ("no price where it is named", 10015, of(execution="instant"), deal(BUY, 0.1)),
    ("price moved on", 10004, of(execution="instant"), deal(BUY, 0.1, price=1.1)),
    ("price within the deviation", 10009, of(execution="instant"), deal(BUY, 0.1, price=1.10005)),
    ("price asked for again", 10020, of(execution="request"), deal(BUY, 0.1, price=1.1)),
    ("stop above a buy", 10016, make, deal(BUY, 0.1, sl=1.2)),
    ("target below a buy", 10016, make, deal(BUY, 0.1, tp=1.0)),
    ("stop within the stops level", 10016, of(stops_level=50), deal(BUY, 0.1, sl=1.0996)),
    ("stop off the grid", 10016, make, deal(BUY, 0.1, sl=1.090001)),
    ("symbol disabled", 10017, of(trade_mode="disabled"), deal(BUY, 0.1)),
    ("account disabled", 10017, off("switch_trading"), deal(BUY, 0.1)),
    ("long only", 10042, of(trade_mode="long_only"), deal(SELL, 0.1)),
    ("short only", 10043, of(trade_mode="short_only"), deal(BUY, 0.1)),
    ("close only", 10044, of(trade_mode="close_only"), deal(BUY, 0.1)),
    ("weekend", 10018, closed, deal(BUY, 0.1)),
    ("no money", 10019, make, deal(BUY, 10.0)),
    ("no prices", 10021, make, deal(BUY, 0.1, symbol="USDJPY")),
    ("lifetime over", 10022, make, pending(LIMIT, 1.09, type_time=2, expiration=1_000)),
    ("no such lifetime", 10022, of(expiration_mode=1), pending(LIMIT, 1.09, type_time=1)),
    ("too many requests", 10024, lambda: with_order(request_rate=1), deal(BUY, 0.1)),
    ("nothing changes", 10025, with_position, SLTP | {"position": FIRST}),
    ("order unchanged", 10025, with_order, {"action": 7, "order": FIRST, "price": 1.095}),
    ("programs off at the server", 10026, off("switch_experts"), deal(BUY, 0.1)),
    ("programs off at the terminal", 10027, off("switch_auto_trading"), deal(BUY, 0.1)),
    ("locked", 10028, lambda: answering(api.TRADE_RETCODE_LOCKED), deal(BUY, 0.1)),
    ("frozen position", 10029, frozen, SLTP | {"position": FIRST, "sl": 1.09}),
    ("frozen against closing", 10029, frozen, deal(SELL, 0.1, position=FIRST)),
    ("frozen order", 10029, lambda: with_order(eurusd={"freeze_level": 600}),
     REMOVE | {"order": FIRST}),
    ("no link", 10031, cut, deal(BUY, 0.1)),
    ("orders are many", 10033, lambda: with_order(account={"limit_orders": 1}),
     pending(LIMIT, 1.09)),
    ("positions are many", 10040, lambda: with_position(account={"limit_positions": 1}),
     deal(BUY, 0.1)),
    ("position gone", 10036, with_position, deal(SELL, 0.1, position=99)),
    ("more than is open", 10038, with_position, deal(SELL, 0.2, position=FIRST)),
    ("close order rests", 10039, resting_close, deal(SELL, 0.1, position=FIRST)),
    ("liquidity is short", 10006, of(depth=SHALLOW), deal(BUY, 0.1, type_filling=0)),
    ("rejected", 10006, lambda: answering(api.TRADE_RETCODE_REJECT), deal(BUY, 0.1)),
]  # fmt: skip


@pytest.mark.parametrize(("retcode", "start", "request_"), [case[1:] for case in CASES],
                         ids=[case[0] for case in CASES])  # fmt: skip
def test_retcode(
    retcode: int, start: Callable[[], SimulatedTerminal], request_: dict[str, Any]
) -> None:
    terminal = start()
    checked = terminal.order_check(request_)
    before = len(terminal.desk.book.deals)
    result = terminal.order_send(request_)
    assert result is not None
    assert result.retcode == retcode
    done = retcode in (api.TRADE_RETCODE_DONE, api.TRADE_RETCODE_DONE_PARTIAL)
    assert (len(terminal.desk.book.deals) > before) == done
    assert result.request.symbol == request_.get("symbol", "")
    unforeseen = (10004, 10006, 10020, 10028)
    assert checked is not None
    assert checked.retcode == (0 if done or retcode in unforeseen else retcode)


def test_only_the_oldest_position_closes_first_where_the_account_says_so() -> None:
    terminal = hedging(account={"fifo_close": True})
    first = buy(terminal, 0.1).order
    terminal.quote("EURUSD", 110_000, 110_010, MONDAY + MINUTE)
    second = buy(terminal, 0.1).order
    assert sell(terminal, 0.1, position=second).retcode == api.TRADE_RETCODE_FIFO_CLOSE
    assert sell(terminal, 0.1, position=first).retcode == api.TRADE_RETCODE_DONE
    assert sell(terminal, 0.1, position=second).retcode == api.TRADE_RETCODE_DONE


def test_a_request_that_is_malformed_is_never_sent() -> None:
    terminal = make()
    assert terminal.order_send(deal(BUY, 0.1) | {"volume": "0.1"}) is None
    assert terminal.last_error() == (api.RES_E_INVALID_PARAMS, 'Invalid "volume" argument')
    assert terminal.order_send((deal(BUY, 0.1),)) is None
    assert terminal.last_error() == (-2, "Unnamed arguments not allowed")
    assert terminal.order_send(**deal(BUY, 0.1)).retcode == 10009


def test_trading_by_the_package_can_be_off_altogether() -> None:
    terminal = switched("switch_api")
    assert terminal.order_send(deal(BUY, 0.1)) is None
    assert terminal.last_error()[0] == api.RES_E_AUTO_TRADING_DISABLED
    assert terminal.terminal_info().tradeapi_disabled


def test_a_closed_market_opens_again_on_the_servers_monday() -> None:
    terminal = closed()
    # Monday 00:00 of UTC+2 is Sunday 22:00 UTC; the deposit was on a Monday at 10:00 UTC.
    terminal.advance(MONDAY + 6 * DAY + 12 * HOUR)
    assert buy(terminal, 0.1).retcode == api.TRADE_RETCODE_DONE

"""Requests as the terminal wants them: filling, lifetime, distances, and what each answer means."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.model.instruments import instrument_for
from assay.model.time import SECOND
from assay.trading.brokers.mt5 import api
from assay.trading.brokers.mt5.ports import OrderCommand
from assay.trading.brokers.mt5.requests import (
    Market,
    Plan,
    choose_expiry,
    choose_fillings,
    plan_close,
    plan_submit,
)
from assay.trading.brokers.mt5.retcodes import NAMES, classify_failure, classify_retcode
from assay.trading.brokers.mt5.servertime import ServerClock
from assay.trading.brokers.mt5.stops import Denial
from assay.trading.brokers.mt5.structures import SymbolInfo, Tick, TradePosition
from assay.trading.brokers.mt5.symbols import link_of
from assay.trading.execution import RetryClass, RetryPolicy
from tests.unit.trading.mt5.rig import Rig

FOK, IOC, RETURN = api.ORDER_FILLING_FOK, api.ORDER_FILLING_IOC, api.ORDER_FILLING_RETURN
REQUEST, INSTANT, MARKET, EXCHANGE = range(4)
CLOCK = ServerClock(offset_s=7_200)
INFO = Rig().terminal.symbol_info("EURUSD")
assert INFO is not None
LINK = link_of(instrument_for("EURUSD"), "EURUSD")
TICK = Tick(0, 1.1, 1.1001, 0.0, 0, 0, 6, 0.0)


def command(**fields: Any) -> OrderCommand:
    values = {"id": 1, "kind": "submit", "account": "a", "symbol": "EURUSD", "quantity": 10_000}
    return OrderCommand(**{**values, **fields})  # type: ignore[arg-type]


def info(**fields: Any) -> SymbolInfo:
    assert INFO is not None
    return INFO._replace(**fields)


def market(**fields: Any) -> Market:
    return Market(LINK, info(**fields), TICK, CLOCK)


@pytest.mark.parametrize(
    ("execution", "mask", "tif", "fillings"),
    [
        (MARKET, 1, "gtc", (FOK,)),
        (MARKET, 2, "gtc", (IOC,)),
        (MARKET, 3, "gtc", (IOC, FOK)),
        (MARKET, 3, "fok", (FOK,)),
        (MARKET, 3, "ioc", (IOC,)),
        (MARKET, 1, "ioc", ()),
        (MARKET, 2, "fok", ()),
        (EXCHANGE, 0, "gtc", (RETURN,)),
        (EXCHANGE, 3, "gtc", (IOC, FOK, RETURN)),
        (INSTANT, 0, "gtc", (FOK,)),
        (INSTANT, 2, "fok", (FOK,)),
        (REQUEST, 2, "gtc", (FOK, IOC)),
    ],
)
def test_market_orders_are_filled_as_mask_and_execution_allow(
    execution: int, mask: int, tif: str, fillings: tuple[int, ...]
) -> None:
    found = choose_fillings(
        command(time_in_force=tif), info(trade_exemode=execution, filling_mode=mask)
    )
    assert found == fillings


@pytest.mark.parametrize(
    ("mask", "tif", "fillings"),
    [(3, "gtc", (RETURN, IOC, FOK)), (0, "gtc", (RETURN,)), (3, "fok", (FOK,)), (1, "ioc", ())],
)
def test_resting_orders_keep_what_is_left(mask: int, tif: str, fillings: tuple[int, ...]) -> None:
    asked = command(order_type="limit", price=109_000, time_in_force=tif)
    assert choose_fillings(asked, info(filling_mode=mask)) == fillings


def test_the_bits_of_a_mask_are_no_numbers_of_a_filling() -> None:
    plan = plan_submit(command(), market(filling_mode=2, trade_exemode=MARKET))
    assert isinstance(plan, Plan)
    assert plan.request["type_filling"] == IOC == 1


@pytest.mark.parametrize(
    ("tif", "mask", "expected"),
    [
        ("gtc", 15, (api.ORDER_TIME_GTC, 0)),
        ("day", 2, (api.ORDER_TIME_DAY, 0)),
        ("gtd", 4, (api.ORDER_TIME_SPECIFIED, 8_200)),
        ("gtd", 3, None),
        ("day", 1, None),
        ("gtc", 2, None),
    ],
)
def test_lifetimes_are_those_the_symbol_has(
    tif: str, mask: int, expected: tuple[int, int] | None
) -> None:
    asked = command(order_type="limit", time_in_force=tif, expires=1_000 * SECOND)
    found = choose_expiry(asked, market(expiration_mode=mask))
    assert found == expected if expected else isinstance(found, Denial)


def test_an_order_type_that_the_symbol_lacks_is_denied() -> None:
    mask = 127 & ~api.ORDER_BIT_STOP_LIMIT
    asked = command(order_type="stop_limit", price=110_100, limit_price=110_050)
    found = plan_submit(asked, market(order_mode=mask))
    assert isinstance(found, Denial)
    assert found.reason == "order_type"


@given(
    quantity=st.integers(1_000, 5_000_000),
    side=st.sampled_from([1, -1]),
    distance=st.integers(1, 3_000),
    level=st.integers(0, 300),
    target=st.integers(1, 3_000),
)
def test_no_more_is_at_risk_than_was_decided(
    quantity: int, side: int, distance: int, level: int, target: int
) -> None:
    entry, closing = (110_010, 110_000) if side > 0 else (110_000, 110_010)
    asked = command(
        quantity=side * quantity, stop=entry - side * distance, target=entry + side * target
    )
    plan = plan_submit(asked, market(trade_stops_level=level))
    if isinstance(plan, Denial):
        assert plan.reason == "volume_below_minimum"
        return
    assert plan.units * side <= quantity
    assert plan.units % 1_000 == 0
    assert (closing - plan.stop) * side >= level
    assert (plan.target - closing) * side >= level
    assert abs(plan.units * (entry - plan.stop)) <= quantity * distance
    assert (entry - plan.stop) * side >= distance
    assert plan.widened == (asked.stop - plan.stop) * side
    assert Decimal(repr(plan.request["sl"])) == Decimal(plan.stop).scaleb(-5)
    assert plan.request["volume"] == plan.units * side / 100_000


@given(held=st.integers(1, 500), asked=st.integers(0, 600), least=st.integers(1, 50))
def test_a_close_leaves_nothing_or_enough_and_takes_no_more_than_asked(
    held: int, asked: int, least: int
) -> None:
    position = TradePosition(
        5, 0, 0, 0, 0, api.POSITION_TYPE_BUY, 1, 5, 3, held / 100, 1.1, 0.0, 0.0, 1.1, 0.0, 0.0,
        "EURUSD", "", "",
    )  # fmt: skip
    asked_units = -asked * 1_000
    plan = plan_close(
        command(kind="close", quantity=asked_units),
        market(volume_min=least / 100),
        position,
        held * 1_000,
    )
    if isinstance(plan, Denial):
        assert 0 < asked < held
        assert min(asked, held - least) < least
        return
    taken = round(float(plan.request["volume"]) * 100)
    assert taken <= (asked or held)
    assert held - taken == 0 or held - taken >= least
    assert taken == held or taken >= least
    assert plan.units == -taken * 1_000


def test_every_retcode_has_a_class_and_what_may_have_happened_is_never_repeated() -> None:
    by_class: dict[RetryClass, set[str]] = {}
    for number, name in NAMES.items():
        by_class.setdefault(classify_retcode(number), set()).add(name)
    assert by_class[RetryClass.DONE] == {"placed", "done", "done_partial", "no_changes"}
    assert by_class[RetryClass.REFRESH] == {"requote", "price_changed", "price_off"}
    assert by_class[RetryClass.WAIT] == {"too_many_requests", "connection"}
    assert by_class[RetryClass.UNKNOWN] == {"timeout", "error", "locked"}
    never = by_class[RetryClass.NEVER]
    assert {"invalid_volume", "invalid_stops", "trade_disabled", "market_closed"} <= never
    assert {"no_money", "client_disables_at", "invalid_fill"} <= never
    assert classify_retcode(0) is classify_retcode(12_345) is RetryClass.UNKNOWN
    policy = RetryPolicy()
    for found in (RetryClass.UNKNOWN, RetryClass.NEVER, RetryClass.DONE):
        assert not policy.may_retry(found, 1)


@pytest.mark.parametrize(
    ("number", "found"),
    [
        (api.RES_E_INVALID_PARAMS, RetryClass.NEVER),
        (api.RES_E_AUTO_TRADING_DISABLED, RetryClass.NEVER),
        (api.RES_E_INTERNAL_FAIL_CONNECT, RetryClass.WAIT),
        (api.RES_E_INTERNAL_FAIL_SEND, RetryClass.UNKNOWN),
        (api.RES_E_INTERNAL_FAIL_RECEIVE, RetryClass.UNKNOWN),
        (api.RES_E_INTERNAL_FAIL_TIMEOUT, RetryClass.UNKNOWN),
        (api.RES_E_FAIL, RetryClass.UNKNOWN),
        (-4_711, RetryClass.UNKNOWN),
    ],
)
def test_a_call_without_answer_is_unknown_unless_it_cannot_have_left(
    number: int, found: RetryClass
) -> None:
    assert classify_failure(number) is found


def test_a_command_is_bytes_and_back() -> None:
    asked = command(stop=1, ticket=7)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(asked), type=OrderCommand) == asked

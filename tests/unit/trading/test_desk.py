"""The trading desk: the kill switch, snapshots at any message, logs that grow."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

from assay.apps.lab.runs.drivers import feed_messages, sweep
from assay.apps.lab.runs.outcome import Outcome
from assay.apps.lab.runs.setup import Costs, Setup, prepare
from assay.model.errors import DataError, UsageError
from assay.model.messages import (
    BarClosed,
    DecisionMade,
    Message,
    OrderCancelled,
    OrderDenied,
    OrderFilled,
    OrderSubmitted,
    Tick,
    TradingHalted,
    TradingResumed,
    encode_message,
)
from assay.runtime.ids import IdSource
from assay.trading.engine.loading import load_strategy, strategy_names
from assay.trading.engine.module import TradingDesk
from tests.replay.markets import generate_market


def breakout(count: int = 300, symbols: tuple[str, ...] = ("EURUSD",)) -> Setup:
    series = generate_market(symbols, count, 2, gapped=True, quoted=True)
    return prepare(
        series, load_strategy("breakout"), given={"bars": "6", "units": "1000"},
        risk="reference", costs=Costs(commission_bp=Decimal(1)),
    )  # fmt: skip


def market(setup: Setup) -> list[BarClosed | Tick]:
    return list(feed_messages(setup, setup.events()))


def until_an_order_rests(desk: TradingDesk, feed: list[BarClosed | Tick]) -> int:
    for place, message in enumerate(feed):
        desk.handle(message)
        if desk.world.positions[0, 0]["resting_orders"]:
            return place
    raise AssertionError("no order came to rest")


def switch(kind: type[Message], ts: int, tenant: str = "local") -> Message:
    return kind(id=9, tenant=tenant, ts_event=ts, ts_init=ts, reason="by hand", by="operator")


def test_a_halt_cancels_what_rests_and_denies_what_comes() -> None:
    setup = breakout()
    desk, feed = setup.desk(IdSource(2).next), market(setup)
    place = until_an_order_rests(desk, feed)
    told = desk.handle(switch(TradingHalted, feed[place].ts_event))
    assert [type(one) for one in told] == [OrderCancelled]
    assert [one.reason for one in told if isinstance(one, OrderCancelled)] == ["halted"]
    assert not desk.world.orders["state"].any()
    later = [one for message in feed[place + 1 :] for one in desk.handle(message)]
    denied = [one for one in later if isinstance(one, OrderDenied)]
    assert {one.reason for one in denied} == {"trading_halted"}
    assert not [one for one in later if isinstance(one, OrderSubmitted | OrderFilled)]
    assert len(denied) == len([one for one in later if isinstance(one, DecisionMade)])


def test_trading_goes_on_once_it_is_resumed() -> None:
    setup = breakout()
    desk, feed = setup.desk(IdSource(2).next), market(setup)
    place = until_an_order_rests(desk, feed)
    ts = feed[place].ts_event
    desk.handle(switch(TradingHalted, ts))
    assert desk.handle(switch(TradingResumed, ts)) == []
    later = [one for message in feed[place + 1 :] for one in desk.handle(message)]
    assert [one for one in later if isinstance(one, OrderFilled)]


def test_another_tenants_halt_is_none_of_ours() -> None:
    setup = breakout()
    desk, feed = setup.desk(IdSource(2).next), market(setup)
    place = until_an_order_rests(desk, feed)
    assert desk.handle(switch(TradingHalted, feed[place].ts_event, tenant="stranger")) == []
    assert desk.world.positions[0, 0]["resting_orders"] == 1


def test_a_desk_restored_at_any_message_goes_on_alike() -> None:
    setup = breakout(120, ("EURUSD", "USDJPY"))
    feed, ids = market(setup), IdSource(2)
    desk, told, states = setup.desk(ids.next), [], []
    for message in feed:
        states.append((desk.snapshot(), ids.state, len(told)))
        told += desk.handle(message)
    whole = [encode_message(one) for one in told]
    for place in range(0, len(feed), 7):
        state, counter, count = states[place]
        again = setup.desk(IdSource(2, counter).next)
        again.restore(state)
        later = [one for message in feed[place:] for one in again.handle(message)]
        assert [encode_message(one) for one in later] == whole[count:]
        assert again.snapshot() == desk.snapshot()


def test_a_state_of_another_shape_is_refused() -> None:
    state = breakout(60).desk(IdSource(2).next).snapshot()
    other = breakout(60, ("EURUSD", "USDJPY")).desk(IdSource(2).next)
    with pytest.raises(DataError, match="changed"):
        other.restore(state)


def test_an_order_key_names_its_fill_and_is_never_used_twice() -> None:
    setup = breakout(600)
    desk = setup.desk(IdSource(2).next)
    told = [one for message in market(setup) for one in desk.handle(message)]
    sent = [one.key for one in told if isinstance(one, OrderSubmitted)]
    filled = [one for one in told if isinstance(one, OrderFilled)]
    assert len(sent) == len(set(sent))
    assert len({one.key for one in filled}) == len(filled)
    assert {one.key for one in filled if one.reason in ("market", "limit", "stop")} <= set(sent)
    assert {one.reason for one in filled} >= {"stop", "stop_loss", "take_profit"}


def test_logs_grow_without_a_row_lost() -> None:
    setup = breakout(3_000)
    whole, events = sweep(setup).outcome, setup.events()
    world = setup.world(1)
    handle, done, grown = world.handle, 0, 0
    while done < len(events):
        reached = setup.strategy.run(handle, events, done, len(events))
        if reached < len(events):
            handle, grown = world.grow(), grown + 1
        done = reached
    outcome = Outcome.of_world(world)
    assert grown > 3
    assert outcome.digest(setup) == whole.digest(setup)
    np.testing.assert_array_equal(outcome.equity, whole.equity)


def test_strategies_are_found_by_name() -> None:
    assert {"sma-cross", "breakout"} <= set(strategy_names())
    with pytest.raises(UsageError, match="sma-cross"):
        load_strategy("no-such")

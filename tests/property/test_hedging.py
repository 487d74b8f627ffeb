"""Random markets and orders on hedging accounts: the engine equals a slow, obvious broker."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from assay.model.accounts import MarginMode
from assay.trading.engine.terms import RiskProfile
from tests.property.slow_hedging import MOST_TICKETS, HedgingBroker
from tests.property.slow_orders import (
    CANCEL,
    CANCEL_ONE,
    CLOSE_BY,
    GO_TO,
    MODIFY,
    OLDEST,
    OLDEST_FIRST,
    PLACE_CLOSE_BY,
    PLACE_MARKET,
    PROTECT,
    Event,
    Wish,
)  # fmt: skip
from tests.property.test_engine import NUMBERED, SLOW, assert_alike, bars, terms, wishes

GROSS_VOLUME, OPEN_POSITIONS = 132, 133
GROSS = [
    RiskProfile("volume", volume_rules=False, gross_max_lots=Decimal("0.02")),
    RiskProfile("count", volume_rules=False, positions_max=1),
]
MARKETS = [["EURUSD"], ["USDJPY"], ["EURGBP", "GBPUSD"]]


@st.composite
def ticket_wishes(draw: Any, events: Sequence[Event]) -> list[Wish]:
    """Draw what the script wants, of tickets that its orders may have opened by then."""
    found: list[Wish] = []
    count, by_instrument = 0, {one.instrument: [0] for one in events}
    begins_hedged = draw(st.booleans())
    for one, wish in zip(events, draw(wishes(events)), strict=True):
        if one.is_tick:
            found.append(Wish())
            continue
        opened = by_instrument[one.instrument]
        is_first = begins_hedged and len(opened) < 3
        if is_first or draw(st.integers(0, 3)) == 0:
            units = draw(st.sampled_from([1_000, 2_337]))
            side = 1 if len(opened) % 2 else -1
            wish = Wish(PLACE_MARKET, side * units, stop=wish.stop, trail=max(wish.trail, 0))
        elif draw(st.integers(0, 3)) == 0:
            wish = Wish(PLACE_CLOSE_BY, order=draw(st.sampled_from(opened)))
        named = st.just(0) if is_first else tickets_for(wish.action, opened)
        wish = wish._replace(ticket=draw(named))
        found.append(wish)
        if wish.action in NUMBERED or wish.action == PLACE_CLOSE_BY:
            count += 1
            if wish.ticket == 0:
                opened.append(count)
    return found


def tickets_for(action: int, opened: Sequence[int]) -> st.SearchStrategy[int]:
    """Return what an action may say of a ticket, those that may be open being likely."""
    if action in (0, CANCEL, CANCEL_ONE):
        return st.just(0)
    if action == MODIFY:
        return st.sampled_from([0, 0, 0, 0, 0, 0, 1])
    if action in (PROTECT, PLACE_CLOSE_BY):
        return st.sampled_from(opened)
    rare = [OLDEST, OLDEST_FIRST, -3, *opened]
    return st.sampled_from([0] * 8 + rare if action == PLACE_MARKET else [0, 0, *rare])


@pytest.mark.parametrize("symbols", MARKETS, ids="+".join)
def test_a_hedging_engine_equals_the_slow_broker(symbols: list[str]) -> None:
    @settings(SLOW, max_examples=50)
    @given(st.data())
    def compare(data: st.DataObject) -> None:
        events = data.draw(bars(symbols))
        if not events:
            return
        told = data.draw(terms(symbols, margin_mode="hedging"))
        broker = assert_alike(told, events, data.draw(ticket_wishes(events)))
        assert isinstance(broker, HedgingBroker)
        event(f"{min(len(broker.fills), 6)} fills or more")
        sides = {(i, one.quantity > 0) for i, held in enumerate(broker.tickets) for one in held}
        event("both sides" if len(sides) > len({i for i, _ in sides}) else "one side")

    compare()


@pytest.mark.parametrize("margin_mode", ["netting", "hedging"])
def test_limits_of_what_is_open_equal_the_slow_brokers(margin_mode: MarginMode) -> None:
    denials: set[int] = set()
    symbols = ["EURGBP", "GBPUSD"]

    @settings(SLOW, max_examples=30)
    @given(st.data())
    def compare(data: st.DataObject) -> None:
        events = data.draw(bars(symbols))
        if not events:
            return
        told = data.draw(terms(symbols, margin_mode=margin_mode))
        told = replace(told, profile=data.draw(st.sampled_from(GROSS)))
        script = ticket_wishes(events) if margin_mode == "hedging" else wishes(events)
        broker = assert_alike(told, events, data.draw(script))
        denials.update(order[-1] for order in broker.orders)

    compare()
    assert denials >= {GROSS_VOLUME, OPEN_POSITIONS}


@st.composite
def closing_by(draw: Any, events: Sequence[Event]) -> list[Wish]:
    """Draw tickets of both sides, that are then closed by each other or otherwise."""
    found: list[Wish] = []
    for one in events:
        place = sum(wish.action != 0 for wish in found)
        units = draw(st.sampled_from([1_000, 1_000, 2_337]))
        wish = Wish(PLACE_MARKET, units if place % 2 else -units, ticket=0)
        if place > 1:
            pair = draw(st.sampled_from([(1, 2), (2, 1), (3, 2), (1, 1), (1, 9)]))
            wish = Wish(PLACE_CLOSE_BY, ticket=pair[0], order=pair[1])
            if draw(st.integers(0, 3)) == 0:
                wish = Wish(PLACE_MARKET, units, ticket=draw(st.sampled_from([0, 1, OLDEST])))
        found.append(Wish() if one.is_tick else wish)
    return found


def test_tickets_closed_by_each_other_equal_the_slow_brokers() -> None:
    counted = 0

    @settings(SLOW, max_examples=40)
    @given(st.data())
    def compare(data: st.DataObject) -> None:
        nonlocal counted
        if events := data.draw(bars(["EURUSD"])):
            told = data.draw(terms(["EURUSD"], margin_mode="hedging"))
            broker = assert_alike(told, events, data.draw(closing_by(events)))
            counted += sum(fill[-1] == CLOSE_BY for fill in broker.fills)

    compare()
    assert counted > 8


def test_tickets_have_room_for_so_many_and_no_more() -> None:
    @settings(SLOW, max_examples=6)
    @given(st.data())
    def compare(data: st.DataObject) -> None:
        events = [one for one in data.draw(bars(["EURUSD"])) if not one.is_tick]
        if not events:
            return
        first = events[0]
        step = max(one.ts for one in events) - first.ts_open
        many = [
            one._replace(ts=one.ts + turn * step, ts_open=one.ts_open + turn * step)
            for turn in range(1 + 60 // len(events))
            for one in events
        ]
        script = [
            Wish(PLACE_MARKET, 1_000 if place % 3 else -1_000) if place < 50 else Wish(GO_TO)
            for place in range(len(many))
        ]
        told = data.draw(terms(["EURUSD"], is_scarce=False, margin_mode="hedging"))
        broker = assert_alike(told, many, script)
        assert isinstance(broker, HedgingBroker)
        denied = {order[-1] for order in broker.orders}
        event("crowded" if 97 in denied else "free")

    compare()
    assert MOST_TICKETS == 32

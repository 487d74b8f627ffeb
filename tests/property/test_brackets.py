"""A label is the trade that the engine books: random brackets against a slow, obvious broker."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from assay.apps.config import Config
from assay.apps.lab.runs.setup import Costs, prepare
from assay.kernel.records import BASE_BAR
from assay.trading.engine.brackets import AMPLE_CASH, LABELLING, Booked, BracketEngine
from assay.trading.engine.loading import load_strategy
from assay.trading.engine.terms import Contract
from tests.property.slow_broker import SlowBroker
from tests.property.slow_orders import GO_TO, Corner, Event, Wish
from tests.property.test_engine import (
    PROFILES,
    START,
    Terms,
    arrays_of,
    assert_alike,
    bars,
    terms,
    to_rows,
)
from tests.replay.markets import generate_bars

SIDES = (1, -1)
SYMBOLS = ("EURUSD", "USDJPY")
FREE = PROFILES[0]
DISTANCES = st.sampled_from([1, 8, 20, 40, 120, 500])
"""Points: some are reached in the bar of the entry, some are held over nights."""
NIGHTS = {"swap_long": "-7.3", "swap_short": "2.1"}
QUICK = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)


class Bracket(NamedTuple):
    """Hold one bracket of one lot: the bar it is wanted at, its side, distances and horizon."""

    row: int
    side: int
    stop: int
    target: int
    horizon: int


def script_of(one: Bracket, events: Sequence[Event], lot: int) -> list[Wish]:
    """Return what a trader of this bracket alone wishes at each bar."""
    close = events[one.row].close
    leaves = close.bid if one.side > 0 else close.ask
    script = [Wish()] * len(events)
    script[one.row] = Wish(
        GO_TO, one.side * lot, 0, leaves - one.side * one.stop, leaves + one.side * one.target
    )
    if one.row + one.horizon < len(events):
        script[one.row + one.horizon] = Wish(GO_TO, 0)
    return script


def booked_by(broker: SlowBroker, one: Bracket, events: Sequence[Event]) -> tuple[int, ...]:
    """Return (net, points, end) of the one trade of a broker; (0, 0, -1) where it is still open."""
    if len(broker.fills) < 2:
        return 0, 0, -1
    (_, _, _, entry, first_fee, *_), (ts, _, _, left, fee, profit, *_, reason) = broker.fills
    net = profit - first_fee - fee + sum(amount for _, _, amount, *_ in broker.swaps)
    closes_at_open = reason == 1
    ends = [k for k, bar in enumerate(events) if (bar.ts_open if closes_at_open else bar.ts) == ts]
    return net, one.side * (left - entry), ends[0]


def row_of(booked: Booked, row: int) -> tuple[int, ...]:
    return tuple(int(column[row]) for column in booked)


def engine_of(told: Terms, events: Sequence[Event]) -> BracketEngine:
    return BracketEngine(
        events=to_rows(events), terms=arrays_of(told, events[-1].ts), account=told.account,
        lot_units=told.contracts[0].instrument.lot_units,
    )  # fmt: skip


def rich(told: Terms) -> Terms:
    """Return the terms of an account that no bracket of a lot can ruin, as labels are made for."""
    account = msgspec.structs.replace(told.account, cash=AMPLE_CASH)
    return replace(told, account=account, profile=FREE)


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_a_label_is_what_a_broker_books_for_its_bracket_alone(symbol: str) -> None:
    @QUICK
    @given(st.data())
    def compare(data: st.DataObject) -> None:
        events = [one for one in data.draw(bars([symbol])) if not one.is_tick]
        if len(events) < 2:
            return
        told = rich(data.draw(terms([symbol], is_scarce=False)))
        horizon = data.draw(st.integers(1, 5))
        sizes = st.lists(DISTANCES, min_size=len(events), max_size=len(events))
        stop, target = np.array(data.draw(sizes)), np.array(data.draw(sizes))
        long, short = engine_of(told, events).book(stop, target, horizon=horizon)
        row = data.draw(st.integers(0, len(events) - 1))
        for side, booked in zip(SIDES, (long, short), strict=True):
            one = Bracket(row, side, int(stop[row]), int(target[row]), horizon)
            script = script_of(one, events, told.contracts[0].instrument.lot_units)
            broker = assert_alike(told, events, script)
            assert row_of(booked, row) == booked_by(broker, one, events)
            event(f"{len(broker.swaps)} swaps, {len(broker.fills)} fills")

    compare()


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_a_label_is_unknown_until_its_end_and_then_fixed(symbol: str) -> None:
    @QUICK
    @given(st.data())
    def compare(data: st.DataObject) -> None:
        events = [one for one in data.draw(bars([symbol])) if not one.is_tick]
        if len(events) < 3:
            return
        told = rich(data.draw(terms([symbol], is_scarce=False)))
        stop, target = np.full(len(events), 60), np.full(len(events), 90)
        whole = engine_of(told, events).book(stop, target, horizon=3)
        cut = data.draw(st.integers(2, len(events)))
        later = [
            one._replace(**{name: Corner(*(price + 17 for price in getattr(one, name)))
                            for name in ("open", "high", "low", "close")})
            for one in events[cut:]
        ]  # fmt: skip
        for shown in (events[:cut], [*events[:cut], *later]):
            size = len(shown)
            seen = engine_of(told, shown).book(stop[:size], target[:size], horizon=3)
            for one, other in zip(whole, seen, strict=True):
                known = (one.end >= 0) & (one.end < cut)
                for row in np.flatnonzero(known):
                    assert row_of(one, row) == row_of(other, row)
                if size == cut:
                    assert not np.any(other.end[~known[:cut]] >= 0)

    compare()


def _market(symbol: str, seed: int) -> tuple[list[Event], Terms, Any]:
    """Return bars with gaps, nights and week-ends as both sides see them, costs and all."""
    series = generate_bars(symbol, 300, seed, gapped=True, quoted=True)
    costs = Costs(slippage_points=2, commission_bp=Decimal("0.3"))
    config = Config(instruments={symbol: NIGHTS})
    setup = prepare(
        [series], load_strategy("bracket", LABELLING), given={}, costs=costs, risk="reference",
        config=config,
    )  # fmt: skip
    rows, spec = setup.events(), setup.instruments[0]
    assert np.all(rows["kind"] == BASE_BAR)
    events = [
        Event(0, int(row["ts"]), int(row["ts"]) - int(row["seconds"]) * 10**9, *(
            Corner(int(row[name]), int(row[name] + row[f"spread_{name}"]))
            for name in ("open", "high", "low", "close")
        ))
        for row in rows
    ]  # fmt: skip
    divides = bool(setup.terms[0]["leg_divides"][0])
    digits = setup.pricing[0].digits
    leg = int(setup.terms[0]["leg"][0])
    contract = Contract(spec, digits, 2, leg, divides, digits if leg >= 0 else 0)
    return events, rich(Terms([contract], setup.account, FREE)), setup


@pytest.mark.parametrize("stride", [1, 4])
@pytest.mark.parametrize("symbol", [*SYMBOLS, "XAUUSD"])
def test_labels_of_a_market_are_what_a_broker_books(symbol: str, stride: int) -> None:
    events, told, setup = _market(symbol, 5)
    lot, horizon = setup.instruments[0].lot_units, 11
    engine = BracketEngine(
        events=setup.events(), terms=setup.terms, account=setup.account, lot_units=lot
    )
    rng = np.random.default_rng(3)
    size = setup.events()["high"].mean() / 1_000
    stop, target = (rng.integers(1, int(8 * size), len(events)) for _ in range(2))
    stop[::7] = 0
    found = engine.book(stop, target, horizon=horizon, stride=stride)
    wanted = (np.arange(len(events)) % stride == 0) & (stop > 0)
    for booked in found:
        assert np.all(booked.end[~wanted] == -1)
        assert np.all(booked.end[wanted][: -horizon - 1] >= 0)
        assert len({int(end - row) for row, end in enumerate(booked.end) if end >= 0}) > 5
    nights = 0
    for row in rng.choice(np.flatnonzero(wanted), 20, replace=False).tolist():
        for side, booked in zip(SIDES, found, strict=True):
            one = Bracket(row, side, int(stop[row]), int(target[row]), horizon)
            broker = SlowBroker(told.contracts, told.account, FREE, START - 1)
            for bar, wish in zip(events, script_of(one, events, lot), strict=True):
                if bar.ts >= events[row].ts and len(broker.fills) < 2:
                    broker.step(bar, wish)
            assert row_of(booked, row) == booked_by(broker, one, events), one
            nights += len(broker.swaps)
    assert nights > 2

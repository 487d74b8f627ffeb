"""Random markets and random orders: the engine equals a slow, obvious broker to the minor unit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from assay.apps.lab.runs.setup import schedule_of
from assay.kernel.records import BASE_BAR, DEPTH, EVENT, INSTRUMENT, LIMITS, SCHEDULE, SWAP, TICK
from assay.model.accounts import AccountSpec, CommissionSchedule, MarginMode
from assay.model.instruments import SwapMode, instrument_for
from assay.model.time import DAY as A_DAY
from assay.model.time import HOUR, SECOND, parse_time
from assay.trading.engine.loading import load_strategy
from assay.trading.engine.terms import Contract, RiskProfile, instrument_terms, limit_terms
from assay.trading.engine.world import World, build_world
from tests.property.slow_broker import SlowBroker
from tests.property.slow_hedging import HedgingBroker
from tests.property.slow_orders import (
    CANCEL,
    CANCEL_ONE,
    DAY,
    FOK,
    GO_TO,
    GTC,
    GTD,
    IOC,
    MODIFY,
    PLACE_ICEBERG,
    PLACE_LIMIT,
    PLACE_MARKET,
    PLACE_STOP,
    PLACE_STOP_LIMIT,
    PLACE_TRAILING,
    PLACE_TWAP,
    PLACE_VWAP,
    PROTECT,
    Corner,
    Event,
    Wish,
)  # fmt: skip

SCRIPTED = Path(__file__).parent / "scripted"
START = parse_time("2019-03-06T12:00:00Z")  # a Wednesday: the triple night is the first
CENTRE = {"EURUSD": 113_000, "USDJPY": 111_000, "EURGBP": 86_000, "GBPUSD": 131_000, "XAUUSD": 0}
MARKETS = [["EURUSD"], ["USDJPY"], ["EURGBP", "GBPUSD"]]
WORDS = len(Wish._fields)
SLOW = settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)


@dataclass(frozen=True)
class Terms:
    """Hold what both the engine and the slow broker are told."""

    contracts: list[Contract]
    account: AccountSpec
    profile: RiskProfile


def small(most: int) -> st.SearchStrategy[int]:
    return st.integers(-most, most)


@st.composite
def bars(draw: Any, symbols: Sequence[str]) -> list[Event]:
    """Draw bars of every symbol on one clock, with jumps, spreads and nights between them."""
    last, found, ts = {name: CENTRE[name] for name in symbols}, [], START
    for _ in range(draw(st.integers(3, 14))):
        ts += HOUR * draw(st.sampled_from([1, 1, 1, 2, 7, 26, 75]))
        for i, name in enumerate(symbols):
            if draw(st.integers(0, 9)) == 0:
                continue
            opens = last[name] + draw(st.sampled_from([0, 0, 0, -30, 30]))
            closes = opens + draw(small(20))
            low, high = min(opens, closes) - draw(st.integers(0, 15)), max(opens, closes)
            high += draw(st.integers(0, 15))
            corners = [
                Corner(bid, bid + draw(st.integers(0, 12))) for bid in (opens, high, low, closes)
            ]
            if draw(st.integers(0, 5)) == 0:
                sizes = draw(st.sampled_from([(0, 0), (900, 2_500), (4_000, 0)]))
                found.append(Event(i, ts, ts, *[corners[3]] * 4, True, *sizes))
            else:
                found.append(Event(i, ts, ts - HOUR, *corners))
            last[name] = closes
    return sorted(found, key=lambda one: (one.ts, not one.is_tick, one.instrument))


@st.composite
def wishes(draw: Any, events: Sequence[Event]) -> list[Wish]:
    """Draw what the script wants at each bar, near that bar's price."""
    found = []
    for one in events:
        # What is asked for first rests, so that there is something to change.
        action = draw(st.sampled_from(ACTIONS if found else RESTING))
        quantity = draw(small(3)) * 1_000 + draw(st.sampled_from([0, 0, 337]))
        if quantity == 0 and action not in (GO_TO, CANCEL, CANCEL_ONE, MODIFY, PROTECT):
            action = 0
        level = one.close.bid + draw(small(40))
        stop = one.close.bid + draw(small(60)) if draw(st.booleans()) else 0
        target = one.close.bid + draw(small(60)) if draw(st.booleans()) else 0
        if action in (MODIFY, PROTECT):
            found.append(
                draw(changes(action, quantity, one, sum(each.action in NUMBERED for each in found)))
            )
            continue
        priced = (PLACE_LIMIT, PLACE_STOP, PLACE_STOP_LIMIT, PLACE_ICEBERG)
        price = level if action in priced else 0
        if action == PLACE_TRAILING and draw(st.booleans()):
            price = level
        wish = Wish(action, quantity, price, stop, target) if action else Wish()
        found.append(draw(with_terms(wish, one)) if action else wish)
    return found


@st.composite
def changes(draw: Any, action: int, quantity: int, one: Event, count: int) -> Wish:
    """Draw a change of an order or of what protects a position; rarely of what cannot be."""
    near = one.close.bid + draw(small(40))
    told = {
        "stop": draw(st.sampled_from([0, -1, near])),
        "target": draw(st.sampled_from([0, -1, one.close.bid + draw(small(40))])),
    }
    if action == PROTECT:
        told["trail"] = draw(st.sampled_from([0, -1, 7, 20]))
    else:
        told["quantity"] = draw(st.sampled_from([0, quantity]))
        told["price"] = draw(st.sampled_from([0, one.close.bid + draw(small(30))]))
        told["limit"] = draw(st.sampled_from([0, 0, near]))
        told["order"] = draw(st.sampled_from([1, 1, count, max(count - 1, 0)]))
    if draw(st.integers(0, 14)) == 0:
        told[draw(st.sampled_from(["group", "price", "trail", "stop"]))] = draw(
            st.sampled_from([-2, 2**61])
        )
    return Wish(action)._replace(**told)


@st.composite
def parts(draw: Any, wish: Wish) -> dict[str, int]:
    """Draw in which parts an order is sent."""
    if wish.action in (PLACE_TWAP, PLACE_VWAP):
        every = HOUR * draw(st.sampled_from([1, 1, 2, 5])) // draw(st.sampled_from([1, 3]))
        return {"slices": draw(st.integers(1, 4)), "every": every}
    if wish.action == PLACE_ICEBERG:
        return {"shown": min(draw(st.sampled_from([337, 500, 1_000])), abs(wish.quantity))}
    return {}


@st.composite
def with_terms(draw: Any, wish: Wish, one: Event) -> Wish:
    """Draw what an order says beside its price; rarely what makes no sense."""
    force = draw(st.sampled_from([GTC, GTC, GTC, GTD, DAY, IOC, FOK]))
    if force in (IOC, FOK) and wish.action not in (GO_TO, PLACE_LIMIT, PLACE_MARKET):
        force = GTC
    told = {
        "time_in_force": force,
        "expires": one.ts + HOUR * draw(st.integers(1, 9)) if force == GTD else 0,
        "limit": one.close.bid + draw(small(40)) if wish.action == PLACE_STOP_LIMIT else 0,
        **draw(parts(wish)),
        "distance": draw(st.integers(1, 30)) if wish.action == PLACE_TRAILING else 0,
        "trail": draw(st.sampled_from([0, 0, 5, 17, 30])),
        "hold": HOUR * draw(st.sampled_from([0, 0, 0, 1, 3])),
        "order": draw(st.integers(0, 9)) if wish.action == CANCEL_ONE else 0,
    }
    if draw(st.booleans()):
        told["trail"] = told["hold"] = 0
    if draw(st.integers(0, 3)) == 0:
        told["break_after"] = draw(st.integers(1, 15))
        told["break_keep"] = draw(st.integers(0, told["break_after"] - 1))
    in_parts = wish.action in (PLACE_TWAP, PLACE_VWAP, PLACE_ICEBERG)
    at_market = wish.action in (GO_TO, PLACE_MARKET)
    if not at_market and force not in (IOC, FOK) and not in_parts:
        told["group"] = draw(st.sampled_from([0, 0, 1, 1, 2]))
    if draw(st.integers(0, 19)) == 0:
        name = draw(st.sampled_from(sorted(told)))
        told[name] = draw(st.sampled_from([-1, 1, 3, 2**62]))
    return wish._replace(**told)


ACTIONS = [
    0, GO_TO, GO_TO, PLACE_LIMIT, PLACE_STOP, PLACE_STOP_LIMIT, PLACE_STOP_LIMIT, PLACE_TRAILING,
    PLACE_TRAILING, CANCEL, CANCEL_ONE, MODIFY, MODIFY, PROTECT,
    PROTECT, 99,
    PLACE_TWAP, PLACE_VWAP, PLACE_ICEBERG, PLACE_MARKET,
]  # fmt: skip
RESTING = [PLACE_LIMIT, PLACE_STOP, PLACE_STOP_LIMIT, PLACE_TRAILING]
NUMBERED = {*ACTIONS} - {0, CANCEL, CANCEL_ONE, PROTECT}
COMMISSIONS = [
    CommissionSchedule(),
    CommissionSchedule(mode="bp", rate=Decimal("0.5")),
    CommissionSchedule(mode="per_million", rate=Decimal("35"), minimum=11),
    CommissionSchedule(mode="per_lot", rate=Decimal("3.5")),
    CommissionSchedule(mode="per_lot", rate=Decimal("7"), minimum=9),
]
SWAPS = [
    (SwapMode.DISABLED, "5", "5"),
    (SwapMode.POINTS, "-7.3", "2.1"),
    (SwapMode.ACCOUNT_CURRENCY_PER_LOT, "-4.25", "1.5"),
    (SwapMode.ANNUAL_PERCENT, "-3.1", "1.25"),
]
OFFERS = [(0, 0), (0, 1), (1_700, 0), (3_000, 1)]
"""Units that a bar offers, and units of a quoted size of 1."""
PROFILES = [
    RiskProfile("free", volume_rules=False),
    RiskProfile("tight", volume_rules=False, stop_out_level_bp=5_000, margin_use_max_bp=9_000),
    RiskProfile("ruin", volume_rules=False, stop_out_level_bp=12_000),
    RiskProfile(
        "limits", volume_rules=False, position_max_lots=Decimal("0.02"), daily_loss_max_bp=20,
        drawdown_max_bp=60, wait_max=6 * HOUR,
    ),
]  # fmt: skip


@st.composite
def terms(
    draw: Any,
    symbols: Sequence[str],
    *,
    is_scarce: bool = True,
    margin_mode: MarginMode = "netting",
) -> Terms:
    """Draw costs, swaps, limits, the account, and what the market offers."""
    account = AccountSpec(
        id="a", cash=draw(st.sampled_from([2_500, 6_000, 1_000_000])), leverage=100,
        commission=draw(st.sampled_from(COMMISSIONS)), mark=draw(st.sampled_from(["mid", "exit"])),
        swap_free=draw(st.sampled_from([False, False, True])), swap_free_fee=300,
        margin_mode=margin_mode,
    )  # fmt: skip
    legs = {"USDJPY": (0, True, 3), "EURGBP": (1, False, 5)}
    contracts = []
    for name in symbols:
        mode, long_rate, short_rate = draw(st.sampled_from(SWAPS))
        spec = msgspec.structs.replace(
            instrument_for(name), swap_mode=mode, swap_long=Decimal(long_rate),
            swap_short=Decimal(short_rate),
        )  # fmt: skip
        if margin_mode == "hedging":
            whole = spec.contract_size
            hedged = draw(st.sampled_from([None, Decimal(0), whole, whole / 2, whole * 2]))
            spec = msgspec.structs.replace(spec, margin_hedged=hedged)
        leg, divides, digits = legs.get(name, (-1, False, 0))
        slippage = draw(st.integers(0, 3))
        depth, size_units = draw(st.sampled_from(OFFERS if is_scarce else OFFERS[:1]))
        contracts.append(
            Contract(spec, spec.digits, slippage, leg, divides, digits, depth, size_units)
        )
    return Terms(contracts, account, draw(st.sampled_from(PROFILES)))


def arrays_of(told: Terms, ends: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the same terms as the engine's instruments, limits and schedule."""
    rows, schedules, at = [], [], 0
    for contract in told.contracts:
        highest = 2 * CENTRE[contract.instrument.symbol]
        row = instrument_terms(contract, told.account, told.profile, 4 * highest)
        entries = schedule_of(contract.instrument, told.account, START, ends + 2 * A_DAY)
        row["schedule_from"], row["schedule_to"] = at, at + len(entries)
        at += len(entries)
        rows.append(row)
        schedules.append(entries)
    limits = [
        limit_terms(told.profile, told.account, each.instrument.lot_units, 10)
        for each in told.contracts
    ]
    return (
        np.array(rows, INSTRUMENT), np.array([limits], LIMITS),
        np.concatenate(schedules).astype(SCHEDULE),
    )  # fmt: skip


def build(told: Terms, wanted: Sequence[Sequence[Wish]], ends: int) -> World:
    """Return the engine's world of the same terms, with the script as the parameters."""
    width = max(len(each) for each in wanted)
    params = [
        [word for wish in each for word in wish] + [0] * WORDS * (width - len(each))
        for each in wanted
    ]
    return build_world([told.account], [params], arrays_of(told, ends), 1)


def to_rows(events: Sequence[Event]) -> np.ndarray:
    found = np.zeros(len(events), EVENT)
    for row, one in zip(found, events, strict=True):
        for name in ("open", "high", "low", "close"):
            corner = getattr(one, name)
            row[name], row[f"spread_{name}"] = corner.bid, corner.ask - corner.bid
        row["ts"], row["instrument"] = one.ts, one.instrument
        row["kind"] = TICK if one.is_tick else BASE_BAR
        row["seconds"] = (one.ts - one.ts_open) // SECOND
    return found


def columns(rows: np.ndarray, names: Sequence[str]) -> list[tuple[int, ...]]:
    return [tuple(int(row[name]) for name in names) for row in rows]


def run_engine(told: Terms, events: Sequence[Event], script: Sequence[Wish]) -> World:
    """Run the compiled loop over the events; the script is split by instrument."""
    wanted = [
        [wish for one, wish in zip(events, script, strict=True)
         if one.instrument == i and not one.is_tick]
        for i in range(len(told.contracts))
    ]  # fmt: skip
    world = build(told, wanted, events[-1].ts)
    world.depths = np.array([(one.bid_units, one.ask_units) for one in events], DEPTH)
    world.bind()
    run = load_strategy("scripted", SCRIPTED).run
    assert run(world.handle, to_rows(events), 0, len(events)) == len(events)
    return world


def assert_alike(told: Terms, events: Sequence[Event], script: Sequence[Wish]) -> SlowBroker:
    kind = HedgingBroker if told.account.margin_mode == "hedging" else SlowBroker
    broker = kind(told.contracts, told.account, told.profile, START - 1)
    for one, wish in zip(events, script, strict=True):
        broker.step(one, wish)
    world = run_engine(told, events, script)
    orders, fills, notes, equity = (int(count) for count in world.counts[:4])
    assert columns(
        world.fills[:fills],
        ("ts", "instrument", "quantity", "price", "commission", "profit", "position", "modelled",
         "reason"),
    ) == broker.fills  # fmt: skip
    if isinstance(broker, HedgingBroker):
        assert [int(one) - 1 for one in world.fills[:fills]["ticket"]] == broker.named
    assert columns(
        world.order_log[:orders],
        ("ts", "instrument", "type", "quantity", "price", "stop", "target", "denied"),
    ) == broker.orders  # fmt: skip
    told_of = world.notes[:notes]
    endings = told_of[told_of["kind"] != SWAP]
    names = ("ts", "instrument", "kind", "order", "position")
    assert columns(endings, names) == broker.endings
    swaps = told_of[told_of["kind"] == SWAP]
    assert columns(swaps, ("ts", "instrument", "amount", "nights", "position")) == broker.swaps
    assert columns(world.equity[:equity], ("ts", "balance", "equity", "margin")) == broker.equity
    account = world.accounts[0]
    assert account["overflow"] == 0
    assert (account["day_start"], account["peak"]) == (broker.day_start, broker.peak)
    return broker


@pytest.mark.parametrize("symbols", MARKETS, ids="+".join)
def test_engine_equals_the_slow_broker(symbols: list[str]) -> None:
    @SLOW
    @given(st.data())
    def compare(data: st.DataObject) -> None:
        events = data.draw(bars(symbols))
        if not events:
            return
        script = data.draw(wishes(events))
        broker = assert_alike(data.draw(terms(symbols)), events, script)
        event(f"{min(len(broker.fills), 6)} fills or more")

    compare()


@st.composite
def one_changed(draw: Any, events: Sequence[Event]) -> list[Wish]:
    """Draw one order that rests away from the price, and changes of it and of what it opens."""
    action, side = draw(st.sampled_from(RESTING)), draw(st.sampled_from([1, -1]))
    first, away = events[0].close.bid, draw(st.integers(20, 70))
    price = first + side * (-away if action == PLACE_LIMIT else away)
    place = Wish(action, side * 2_000, price)
    if action == PLACE_STOP_LIMIT:
        place = place._replace(limit=price + draw(small(15)))
    if action == PLACE_TRAILING:
        place = place._replace(distance=away)
    found = [place if not events[0].is_tick else Wish()]
    for one in events[1:]:
        is_first = not any(each.action for each, past in zip(found, events, strict=False)
                           if not past.is_tick)  # fmt: skip
        if is_first:
            found.append(place)
            continue
        changed = draw(st.sampled_from([0, MODIFY, MODIFY, PROTECT]))
        quantity = side * draw(st.sampled_from([1_000, 2_700]))
        found.append(draw(changes(changed, quantity, one, 1)) if changed else Wish())
    return found


def test_a_changed_order_equals_the_slow_brokers() -> None:
    counted = 0

    @settings(SLOW, max_examples=80)
    @given(st.data())
    def compare(data: st.DataObject) -> None:
        nonlocal counted
        events = data.draw(bars(["EURUSD"]))
        if events:
            script = data.draw(one_changed(events))
            counted += assert_alike(data.draw(terms(["EURUSD"])), events, script).changes

    compare()
    assert counted > 40

"""Acts on the tickets of a hedging account: each by its key, the others left alone."""

from __future__ import annotations

import pytest

from assay.apps.config import AccountConfig, Config
from assay.apps.lab.runs.setup import Setup, prepare
from assay.kernel.records import PLACE_MARKET
from assay.model.messages import (
    Message,
    OrderFilled,
    OrderSubmitted,
    PositionChanged,
    PositionNotFlat,
    ReductionRequested,
    StopTightened,
)
from assay.model.time import SECOND
from assay.runtime.ids import IdSource
from assay.trading.engine.loading import load_strategy
from assay.trading.engine.module import TradingDesk
from assay.trading.engine.step import place_intent
from assay.trading.risk.acts.judge import AccountView, Reduce, Tighten, Wish
from tests.replay.markets import generate_market
from tests.unit.trading.acts.test_warden import START, message, of, quote, watch


@pytest.fixture(scope="module")
def setup() -> Setup:
    series = generate_market(("EURUSD",), 300, 2, gapped=False, quoted=True)
    config = Config(account=AccountConfig(margin_mode="hedging"))
    return prepare(series, load_strategy("breakout"), given={}, risk="reference", config=config)


def open_tickets(desk: TradingDesk, *quantities: int) -> list[int]:
    """Open tickets one after the other at quotes; return their keys."""
    for k, quantity in enumerate(quantities):
        desk.handle(quote(START + (k - 20) * SECOND, 113_000))
        intent = desk.world.intent[0]
        intent["action"], intent["quantity"] = PLACE_MARKET, quantity
        place_intent(desk.world.handle, 0, 0, START + (k - 20) * SECOND)
    desk.handle(quote(START - SECOND, 113_000))
    return desk.acts.tickets(0, 0)


def held(desk: TradingDesk) -> list[tuple[int, int]]:
    return [(int(one["quantity"]), int(one["stop"])) for one in desk.world.open_tickets(0, 0)]


def test_a_stop_of_one_ticket_moves_and_never_away(setup: Setup) -> None:
    desk = setup.desk(IdSource(2).next)
    first, second = open_tickets(desk, 3_000, -1_000)
    shared = {"account": "paper", "symbol": "EURUSD"}
    for ticket, stop in ((first, 112_900), (second, 113_100)):
        (told,) = of(PositionChanged, desk.handle(
            message(StopTightened, stop=stop, ticket=ticket, **shared)
        ))  # fmt: skip
        assert (told.ticket, told.stop) == (ticket, stop)
    assert held(desk) == [(3_000, 112_900), (-1_000, 113_100)]
    for ticket, stop in ((first, 112_899), (second, 113_101), (99, 113_000)):
        assert desk.handle(message(StopTightened, stop=stop, ticket=ticket, **shared)) == []
    assert held(desk) == [(3_000, 112_900), (-1_000, 113_100)]


def test_one_ticket_is_reduced_and_the_others_stay(setup: Setup) -> None:
    desk = setup.desk(IdSource(2).next)
    first, second, third = open_tickets(desk, 3_000, -2_000, 1_000)
    shared = {"account": "paper", "symbol": "EURUSD"}
    told = desk.handle(message(ReductionRequested, keep=500, ticket=second, **shared))
    (sent,) = of(OrderSubmitted, told)
    assert (sent.quantity, sent.ticket) == (1_500, second)
    (filled,) = of(OrderFilled, desk.handle(quote(START, 113_000)))
    assert (filled.key, filled.ticket) == (sent.key, second)
    assert [quantity for quantity, _ in held(desk)] == [3_000, -500, 1_000]
    desk.handle(message(ReductionRequested, keep=0, ticket=first, **shared))
    desk.handle(quote(START + SECOND, 113_000))
    assert desk.acts.tickets(0, 0) == [second, third]
    assert not of(OrderSubmitted, desk.handle(
        message(ReductionRequested, keep=0, ticket=first, **shared)
    ))  # fmt: skip


class Wishing:
    """Wish the same at every price as long as a ticket is open."""

    source = "volatility"

    def __init__(self, *wishes: Reduce | Tighten) -> None:
        self._wishes = wishes

    def hear(self, message: Message) -> None: ...

    def look(self, view: AccountView) -> list[Wish]:
        there = {one.ticket for one in view.tickets.get("EURUSD", ())}
        return [each for each in self._wishes if each.ticket in there]

    def snapshot(self) -> bytes:
        return b""

    def restore(self, state: bytes) -> None: ...


def test_the_warden_sees_a_ticket_through_where_the_net_position_is_nothing(setup: Setup) -> None:
    desk = setup.desk(IdSource(2).next)
    first, second = open_tickets(desk, 2_000, -2_000)
    wishes = Reduce("EURUSD", 0, "enough", ticket=first), Tighten("EURUSD", 113_050, "x", second)
    _, runner = watch(desk, Wishing(*wishes))
    told = runner.push(quote(START, 113_000))
    assert [each.ticket for each in of(ReductionRequested, told)] == [first]
    assert [each.ticket for each in of(StopTightened, told)] == [second]
    assert held(desk) == [(2_000, 0), (-2_000, 113_050)]
    filled = of(OrderFilled, runner.push(quote(START + SECOND, 113_000)))
    assert [(each.ticket, each.quantity) for each in filled] == [(first, -2_000)]
    for k in range(2, 90):
        later = runner.push(quote(START + k * SECOND, 113_000))
        assert not of(ReductionRequested, later)
        assert not of(PositionNotFlat, later)
    assert held(desk) == [(-2_000, 113_050)]


def test_what_is_asked_of_a_ticket_is_asked_once_through_a_snapshot(setup: Setup) -> None:
    desk = setup.desk(IdSource(2).next)
    first, second = open_tickets(desk, 2_000, -1_000)
    judge = Wishing(Reduce("EURUSD", 0, "enough", ticket=first))
    warden, runner = watch(desk, judge)
    assert of(ReductionRequested, runner.push(quote(START, 113_000)))
    other = setup.desk(IdSource(9).next)
    other.restore(desk.snapshot())
    again, later = watch(other, judge)
    again.restore(warden.snapshot())
    assert again.snapshot() == warden.snapshot()
    told = later.push(quote(START + SECOND, 113_000))
    assert [each.ticket for each in of(OrderFilled, told)] == [first]
    assert not of(ReductionRequested, told)
    assert other.acts.tickets(0, 0) == [second]

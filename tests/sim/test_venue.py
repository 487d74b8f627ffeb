"""Trade through a terminal: the books are the terminal's, whatever others do and whoever dies."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from assay.model.messages import (
    DealBooked,
    GapFound,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderSubmitted,
    TradingHalted,
)
from assay.model.time import MINUTE
from assay.runtime.ids import Rng
from tests.sim.crashing import CrashError, Fuse
from tests.sim.venue_desk import Life, VenueDesk

EVER = (datetime(2024, 1, 1, tzinfo=UTC), datetime(2025, 1, 1, tzinfo=UTC))
CROSSING = {"fast": "1", "slow": "2", "units": "10000"}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[VenueDesk]:
    with closing(VenueDesk(tmp_path, params=CROSSING)) as opened:
        yield opened


def walk(desk: VenueDesk, rng: Rng, minutes: int) -> Iterator[None]:
    """Move both prices, a few quotes a minute."""
    prices = {"EURUSD": 110_000, "XAUUSD": 210_000}
    for _ in range(minutes):
        for symbol in ("EURUSD", "XAUUSD", "EURUSD"):
            prices[symbol] += rng.randint(-40, 40)
            desk.quote(symbol, prices[symbol], rng.randint(5, 25), after=MINUTE // 3)
            yield


def require_agreement(desk: VenueDesk, life: Life) -> None:
    """Require that engine, ledger and terminal hold the same money and positions."""
    topology = life.trader.topology
    world, account = topology.desk.world, topology.desk.plan.accounts[0].id
    assert topology.ledger.balance(account) == desk.balance()
    assert int(world.accounts[0]["balance"]) == desk.balance()
    for i, symbol in enumerate(topology.desk.plan.symbols):
        held = desk.held(symbol)
        assert int(world.positions[0, i]["quantity"]) == held
        assert topology.ledger.position(account, symbol) == held
    told = [each for each in desk.log.messages if isinstance(each, GapFound | TradingHalted)]
    assert not told, told


def test_orders_reach_the_terminal_and_its_fills_the_books(desk: VenueDesk) -> None:
    life = desk.start()
    for _ in walk(desk, Rng(1), 12):
        life.turn()
    messages = desk.log.messages
    sent = [each.key for each in messages if isinstance(each, OrderSubmitted)]
    filled = [each for each in messages if isinstance(each, OrderFilled)]
    refused = {each.key for each in messages if isinstance(each, OrderRejected)}
    deals = desk.rig.terminal.history_deals_get(*EVER) or ()
    assert len(filled) >= 3
    # 10,000 ounces of gold are more than the broker takes; what was refused is free to be wanted.
    assert refused
    assert {each.key for each in filled} == set(sent) - refused
    assert sum(each.type in (0, 1) for each in deals) == len(filled)
    assert not life.trader.topology.desk.world.positions["waiting"].any()
    require_agreement(desk, life)
    life.end()


@pytest.mark.parametrize("seed", range(3))
def test_stops_and_targets_lie_at_the_terminal(tmp_path: Path, seed: int) -> None:
    params = {"bars": "3", "stop_percent": "60", "target_percent": "90", "units": "10000"}
    with closing(VenueDesk(tmp_path, strategy="breakout", params=params)) as desk:
        life = desk.start()
        for _ in walk(desk, Rng(seed), 30):
            life.turn()
        life.turn()
        reasons = {each.reason for each in desk.log.messages if isinstance(each, OrderFilled)}
        assert reasons & {"stop_loss", "take_profit"}
        world = life.trader.topology.desk.world
        assert not world.fills["number"].any(), "the engine must not match what lies elsewhere"
        require_agreement(desk, life)
        life.end()


def test_what_was_decided_long_ago_is_not_sent(desk: VenueDesk) -> None:
    desk.start().end()  # the run begins here, and then nobody trades for a while
    for _ in walk(desk, Rng(1), 12):
        pass
    life = desk.start()
    life.broker.is_behind = life.feed.is_behind
    life.turn()
    life.turn()
    sent = [each.key for each in desk.log.messages if isinstance(each, OrderSubmitted)]
    expired = [each.key for each in desk.log.messages if isinstance(each, OrderExpired)]
    assert len(sent) > 2
    assert expired == sent[: len(expired)]
    assert len(expired) >= len(sent) - 1
    assert not life.trader.topology.desk.world.positions["waiting"].any()
    require_agreement(desk, life)
    life.end()


@pytest.mark.parametrize("seed", range(6))
def test_what_others_do_is_booked_and_honoured(desk: VenueDesk, seed: int) -> None:
    life, rng = desk.start(), Rng(seed)
    for _ in walk(desk, rng, 14):
        life.turn()
        meddle(desk, rng)
    life.turn()
    require_agreement(desk, life)
    assert [each for each in desk.log.messages if isinstance(each, DealBooked) and not each.key]
    life.end()


def meddle(desk: VenueDesk, rng: Rng) -> None:
    """Do now and then what a user at the terminal does."""
    hand, what = desk.rig.hand, rng.randint(0, 11)
    positions = desk.rig.terminal.positions_get() or ()
    if what == 0 and positions:
        hand.close(positions[0].ticket)
    elif what == 1 and positions:
        hand.close(positions[-1].ticket, 0.05)
    elif what == 2:
        hand.deposit(rng.randint(1, 500) / 4)
    elif what == 3 and positions:
        held = positions[0]
        away = 0.002 if held.symbol == "EURUSD" else 4.0
        sign = 1 if held.type == 0 else -1
        hand.edit(held.ticket, round(held.price_current - sign * away, 5), 0.0)
    elif what == 4 and positions:
        held = positions[0]
        hand.trade(held.symbol, (-1 if held.type == 0 else 1) * held.volume)


@pytest.mark.parametrize("seed", range(12))
def test_a_trader_that_dies_anywhere_finds_the_terminals_books(desk: VenueDesk, seed: int) -> None:
    rng, burnt = Rng(seed), list[str]()
    fuse = Fuse()
    life = desk.start(fuse)
    for _ in walk(desk, rng, 14):
        if not fuse.at and rng.random() < 0.25:
            fuse.done, fuse.at = 0, rng.randint(1, 6)
            fuse.moment, fuse.burnt = rng.choice(("before", "after")), ""
        try:
            life.turn()
        except CrashError as error:
            burnt.append(str(error))
            life.end()
            # Meanwhile the terminal lives on, and so may the connector.
            meddle(desk, rng)
            if rng.random() < 0.5:
                desk.restart_edge()
            desk.exchange()
            fuse = Fuse()
            life = desk.start(fuse)
            life.turn()
    life.turn()
    require_agreement(desk, life)
    keys = [each.key for each in desk.log.messages if isinstance(each, OrderSubmitted)]
    assert len(keys) == len(set(keys))
    assert burnt
    life.end()

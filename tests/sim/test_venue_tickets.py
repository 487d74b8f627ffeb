"""Tickets at a hedging terminal: opened, protected and closed one by one, as it has them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import UNSET

from assay.apps.config import ActsConfig, Config
from assay.kernel.records import (
    GO_TO,
    OLDEST,
    PLACE_CLOSE_BY,
    PLACE_LIMIT,
    PLACE_MARKET,
    PROTECT,
)
from assay.model.messages import (
    DealBooked,
    ForeignActivity,
    GatewayAlarm,
    OrderCancelled,
    OrderDenied,
    OrderFilled,
    OrderRejected,
    OrderSubmitted,
    PositionChanged,
    ReductionRequested,
)
from assay.model.time import MINUTE, SECOND
from assay.trading.brokers.mt5 import api
from assay.trading.terminal import load_profile
from tests.sim.hedge_story import hedge, judge, live_through, require_tickets
from tests.sim.road_desk import RoadDesk
from tests.sim.venue_script import FIRST_TICKET, LAST_TICKET, Scripted, scripted
from tests.unit.trading.mt5.rig import Rig

BUY = {"action": PLACE_MARKET, "quantity": 20_000}
SELL = {"action": PLACE_MARKET, "quantity": -20_000}


def tickets(stage: Scripted) -> list[tuple[int, float]]:
    """Return side and lots of the terminal's positions, the oldest first."""
    shown = stage.desk.rig.terminal.positions_get() or ()
    return [(1 if each.type == 0 else -1, each.volume) for each in shown]


def closes(stage: Scripted) -> list[Any]:
    """Return the orders that named a position of the terminal."""
    return [each for each in stage.told(OrderSubmitted) if each.position is not UNSET]


def test_both_sides_are_held_and_one_is_closed_by_its_name(tmp_path: Path) -> None:
    close = {"action": GO_TO, "quantity": 0, "ticket": FIRST_TICKET}
    with hedge(tmp_path, {0: BUY, 1: SELL, 2: BUY, 3: close}) as stage:
        for _ in range(3):
            stage.bar(110_000)
        assert tickets(stage) == [(1, 0.2), (-1, 0.2), (1, 0.2)]
        stage.bar(110_000)
        assert tickets(stage) == [(-1, 0.2), (1, 0.2)]
        opened, sent = stage.told(OrderSubmitted)[0], closes(stage)[0]
        assert (sent.ticket, sent.quantity) == (opened.key, -20_000)
        judge(stage)


def test_what_names_no_ticket_closes_the_oldest_with_an_order_each(tmp_path: Path) -> None:
    turn = {"action": GO_TO, "quantity": -10_000, "stop": 111_000}
    with hedge(tmp_path, {0: BUY, 1: BUY, 2: BUY, 3: turn}) as stage:
        for _ in range(5):
            stage.bar(110_000)
        assert tickets(stage) == [(-1, 0.1)]
        opened = [each.key for each in stage.told(OrderSubmitted)[:3]]
        assert [each.ticket for each in closes(stage)] == opened
        last = stage.told(OrderSubmitted)[-1]
        assert (last.quantity, last.stop, last.position) == (-10_000, 111_000, UNSET)
        assert len({each.key for each in stage.told(OrderSubmitted)}) == 7
        judge(stage)


@pytest.mark.parametrize("units", [10_000, 30_000, 50_000])
def test_a_part_of_the_oldest_is_closed_and_nothing_opened(tmp_path: Path, units: int) -> None:
    reduce = {"action": PLACE_MARKET, "quantity": -units, "ticket": OLDEST}
    with hedge(tmp_path, {0: BUY, 1: BUY, 2: reduce, 3: reduce, 4: reduce}) as stage:
        for _ in range(3):
            stage.bar(110_000)
        left = max(40_000 - units, 0)
        assert stage.position["quantity"] == left
        for _ in range(3):
            stage.bar(110_000)
        assert stage.position["quantity"] == max(40_000 - 3 * units, 0)
        unfilled = [each for each in stage.told(OrderCancelled) if each.reason == "unfilled"]
        assert len(unfilled) == {10_000: 0, 30_000: 1, 50_000: 2}[units]
        judge(stage)


def test_two_tickets_close_each_other_without_a_spread(tmp_path: Path) -> None:
    large = {"action": PLACE_MARKET, "quantity": 30_000}
    pair = {"action": PLACE_CLOSE_BY, "ticket": FIRST_TICKET, "order": LAST_TICKET}
    with hedge(tmp_path, {0: large, 1: SELL, 2: pair}) as stage:
        for _ in range(4):
            stage.bar(110_000)
        assert tickets(stage) == [(1, 0.1)]
        assert {each.entry for each in stage.told(DealBooked)} == {"in", "out_by"}
        assert [each.reason for each in stage.told(OrderFilled)][2:] == ["close_by"] * 2
        assert not stage.position["resting_orders"]
        judge(stage)


def test_each_ticket_has_stop_trail_and_time_of_its_own(tmp_path: Path) -> None:
    asked = {
        0: BUY | {"trail": 100}, 1: SELL | {"stop": 110_400}, 2: BUY | {"hold": 2 * MINUTE},
        3: {"action": PROTECT, "ticket": FIRST_TICKET, "target": 111_000},
    }  # fmt: skip
    with hedge(tmp_path, asked) as stage:
        for _ in range(4):
            stage.bar(110_000)
        stage.show(110_200)
        first, second, _ = stage.desk.rig.terminal.positions_get() or ()
        assert (first.sl, first.tp) == pytest.approx((1.1010, 1.1100))
        assert (second.sl, second.tp) == pytest.approx((1.1040, 0.0))
        stage.bar(110_200)
        assert tickets(stage) == [(1, 0.2), (-1, 0.2)]
        assert stage.told(OrderFilled)[-1].reason == "time_stop"
        keys = {each.key for each in stage.told(OrderSubmitted)}
        assert {each.ticket for each in stage.told(PositionChanged)} <= keys
        stage.restart()
        stage.show(110_500)
        assert tickets(stage) == [(1, 0.2)]
        stage.show(110_300)
        assert not tickets(stage)
        assert [each.reason for each in stage.told(OrderFilled)][-2:] == ["stop_loss"] * 2
        judge(stage)


def test_a_users_hand_on_one_ticket_is_honoured_and_the_others_go_on(tmp_path: Path) -> None:
    with hedge(tmp_path, {bar: BUY | {"trail": 100} for bar in range(3)}) as stage:
        for _ in range(4):
            stage.bar(110_000)
        hand, shown = stage.desk.rig.hand, stage.desk.rig.terminal.positions_get() or ()
        hand.close(shown[0].ticket)
        hand.edit(shown[1].ticket, 0.0, 0.0)
        for price in (110_000, 110_100, 110_200):
            stage.show(price)
        left = stage.desk.rig.terminal.positions_get() or ()
        assert [each.ticket for each in left] == [shown[1].ticket, shown[2].ticket]
        assert [each.sl for each in left] == pytest.approx([0.0, 1.1010])
        assert {each.what for each in stage.told(ForeignActivity)} == {"closed", "stop_removed"}
        judge(stage)


def test_what_happens_while_nobody_trades_is_booked_to_its_ticket(tmp_path: Path) -> None:
    with hedge(tmp_path, {0: BUY | {"stop": 109_500}, 1: SELL, 2: BUY, 3: BUY}) as stage:
        for _ in range(5):
            stage.bar(110_000)
        hand, shown = stage.desk.rig.hand, stage.desk.rig.terminal.positions_get() or ()
        stage.life.end()
        stage.desk.quote("EURUSD", 109_400, 10)
        hand.close_by(shown[1].ticket, shown[2].ticket)
        hand.close(shown[3].ticket, 0.05)
        stage.desk.restart_edge()
        stage.desk.exchange()
        stage.life = stage.desk.start()
        stage.position = stage.life.trader.topology.desk.world.positions[0, 0]
        stage.show(109_400)
        assert tickets(stage) == [(1, 0.15)]
        assert stage.position["quantity"] == 15_000
        judge(stage)


@pytest.mark.parametrize("trims", [True, False])
def test_a_later_run_holds_the_tickets_that_an_earlier_one_left(
    tmp_path: Path, trims: bool
) -> None:
    asked = {
        0: BUY | {"stop": 109_500}, 1: SELL, 2: BUY,
        5: {"action": GO_TO, "quantity": 0, "ticket": FIRST_TICKET},
    }  # fmt: skip
    with hedge(tmp_path, asked) as stage:
        for _ in range(4):
            stage.bar(110_000)
        stage.desk.rig.hand.close((stage.desk.rig.terminal.positions_get() or ())[2].ticket)
        stage.show(110_000)
        stage.life.ear._feed.confirm(stage.life.trader.heard)
        stage.life.end()
        if trims:
            stage.desk.box.account.trim()
        stage.desk.setup_id, earlier = "another", len(stage.told(OrderSubmitted))
        stage.life = stage.desk.start()
        stage.position = stage.life.trader.topology.desk.world.positions[0, 0]
        # What the run decides on the quotes before is late, and expires.
        stage.life.broker.is_behind = stage.life.feed.is_behind
        stage.show(110_000)
        assert tickets(stage) == [(1, 0.2), (-1, 0.2)]
        require_tickets(stage)
        for _ in range(3):
            stage.bar(110_000)
        assert tickets(stage) == [(-1, 0.2)]
        own = stage.told(OrderSubmitted)[0].key
        assert [each.ticket for each in closes(stage)] == [own]
        assert len({each.key for each in stage.told(OrderSubmitted)}) > earlier
        require_tickets(stage)


def test_others_volume_counts_and_holds_nothing_up(tmp_path: Path) -> None:
    with hedge(tmp_path, {1: BUY}) as stage:
        stage.desk.rig.hand.trade("EURUSD.m", -0.5)
        for _ in range(3):
            stage.bar(110_000)
        assert not stage.told(OrderRejected)
        assert tickets(stage) == [(-1, 0.5), (1, 0.2)]
        assert (stage.position["quantity"], stage.position["foreign"]) == (20_000, -50_000)
        judge(stage)


def test_a_stop_out_takes_ticket_after_ticket(tmp_path: Path) -> None:
    terms = msgspec.structs.replace(load_profile("hedging").accounts[0], deposit=1_000)
    with hedge(tmp_path, {0: BUY, 1: BUY, 2: SELL}, accounts=(terms,)) as stage:
        for _ in range(4):
            stage.bar(110_000)
        stage.desk.rig.hand.deposit(-850)
        for price in range(110_000, 107_000, -100):
            stage.show(price)
        told = stage.told(OrderFilled)
        assert [each.reason for each in told[3:]] == ["stop_out"] * (len(told) - 3) != []
        judge(stage)


def test_an_emergency_closes_each_ticket_and_waits_for_the_terminal(tmp_path: Path) -> None:
    profile = tmp_path / "funded.toml"
    profile.write_text("[daily_loss]\npercent = 1\n", encoding="utf-8")
    config = Config(acts=ActsConfig(prop=str(profile)))
    large = {"action": PLACE_MARKET, "quantity": 60_000}
    with hedge(tmp_path / "home", {0: large, 1: large, 2: SELL}, config=config) as stage:
        for _ in range(4):
            stage.bar(110_000)
        stage.desk.rig.hand.answer_next(api.TRADE_RETCODE_REJECT)
        for step in range(1, 12):
            stage.show(110_000 - 20 * step, after=SECOND)
        for _ in range(20):
            stage.show(109_780, after=4 * SECOND)
        assert stage.told(ReductionRequested)
        assert stage.told(OrderRejected)
        assert not tickets(stage)
        judge(stage)


def test_tickets_are_closed_by_the_other_road_where_the_first_is_shut(tmp_path: Path) -> None:
    flat = {"action": PLACE_MARKET, "quantity": -40_000, "ticket": OLDEST}
    desk = {"made": RoadDesk, "rig": Rig("hedging")}
    with scripted(tmp_path, {0: BUY, 1: SELL, 2: BUY, 4: flat}, **desk) as stage:
        for _ in range(4):
            stage.bar(110_000)
        stage.show(110_000)
        stage.desk.rig.hand.switch_auto_trading(False)
        stage.bar(110_000)
        stage.bar(110_000)
        assert tickets(stage) == [(-1, 0.2)]
        assert [each.code for each in stage.told(GatewayAlarm)].count("other_road") == 2
        stage.desk.rig.hand.switch_auto_trading(True)
        stage.show(110_000)
        assert not stage.told(OrderRejected)
        judge(stage)


def test_what_a_terminal_cannot_hold_of_a_ticket_is_denied(tmp_path: Path) -> None:
    leave = {"action": PLACE_LIMIT, "quantity": -20_000, "price": 110_500, "ticket": LAST_TICKET}
    with hedge(tmp_path, {0: BUY, 1: leave}) as stage:
        for _ in range(3):
            stage.bar(110_000)
        assert [each.reason for each in stage.told(OrderDenied)] == ["venue_cannot"]
        judge(stage)


@pytest.mark.parametrize("seed", range(3))
def test_days_of_tickets_and_deaths_leave_the_terminals_books(tmp_path: Path, seed: int) -> None:
    assert live_through(tmp_path, seed)

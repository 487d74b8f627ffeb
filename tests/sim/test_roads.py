"""Exits by the other road of one login: once in effect, whichever edge dies at whichever step."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import pytest

from assay.apps.bridge.tokens import EdgeTokens
from assay.apps.paper.venue.roads import RoadBroker
from assay.kernel.records import CANCEL, GO_TO, PLACE_LIMIT
from assay.model.errors import OperatorError, UsageError
from assay.model.messages import (
    EntriesHalted,
    EntriesReleased,
    ForeignActivity,
    GatewayAlarm,
    OrderCancelled,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderSubmitted,
)
from assay.model.time import MINUTE, SECOND
from tests.sim.road_desk import RoadDesk
from tests.sim.road_story import live_on_two_roads
from tests.sim.test_venue import EVER, require_agreement
from tests.sim.venue_desk import DIGITS
from tests.sim.venue_script import Asked, Scripted, scripted
from tests.unit.trading.mt5.rig import Rig

LONG = {"action": GO_TO, "quantity": 20_000}
HALF = {"action": GO_TO, "quantity": 10_000}
FLAT = {"action": GO_TO, "quantity": 0}
PRICE = 110_000


class Stage:
    """Hold a scripted desk of two roads."""

    def __init__(self, scripted_one: Scripted) -> None:
        self.script = scripted_one
        self.desk = cast("RoadDesk", scripted_one.desk)
        self.told, self.restart = scripted_one.told, scripted_one.restart

    def bar(self, *, turns: int = 1) -> None:
        self.script.bar(PRICE)
        self.turn(turns)

    def turn(self, count: int = 1, *, after: int = 2 * SECOND) -> None:
        for _ in range(count):
            self.script.show(PRICE, after=after)

    def volume(self) -> float:
        return sum(each.volume for each in self.desk.rig.terminal.positions_get() or ())

    def other_roads(self) -> int:
        return [each.code for each in self.told(GatewayAlarm)].count("other_road")

    def finish(self) -> None:
        """Open every door, let all come to its end, and hold the books to the terminal."""
        desk = self.desk
        desk.rig.hand.switch_auto_trading(True)
        desk.second_hand.switch_auto_trading(True)
        for side in (desk, desk.second):
            side.is_alive = True
            side.link(linked=True)
        self.turn(4, after=40 * SECOND)
        self.turn(2)
        require_agreement(desk, self.script.life)
        deals = desk.rig.terminal.history_deals_get(*EVER) or ()
        ours = {(each.magic, each.order) for each in deals if each.magic}
        assert len(ours) == len({key for key, _ in ours}), "an order was sent twice"
        keys = {each.key for each in self.told(OrderSubmitted)}
        assert {key for key, _ in ours} <= keys


@contextmanager
def two_roads(path: Path, asked: Asked, mode: str = "netting") -> Iterator[Stage]:
    with scripted(path, asked, made=RoadDesk, rig=Rig(mode)) as one:
        yield Stage(one)


def test_an_exit_that_autotrading_refuses_goes_by_the_other_road(tmp_path: Path) -> None:
    with two_roads(tmp_path, {0: LONG, 2: HALF, 3: FLAT}) as stage:
        stage.bar(turns=2)
        assert stage.volume() == pytest.approx(0.2)
        stage.desk.rig.hand.switch_auto_trading(False)
        stage.bar(turns=2)
        assert [each.source for each in stage.told(EntriesHalted)] == ["venue"]
        stage.bar(turns=2)
        assert stage.volume() == pytest.approx(0.1)
        assert stage.script.position["quantity"] == 10_000
        stage.bar(turns=2)
        assert stage.volume() == 0
        assert stage.other_roads() == 2
        assert not stage.told(OrderRejected)
        filled = [each.key for each in stage.told(OrderFilled)]
        assert filled == [each.key for each in stage.told(OrderSubmitted)]
        stage.finish()
        assert [each.source for each in stage.told(EntriesReleased)] == ["venue"]


def test_entries_never_change_roads(tmp_path: Path) -> None:
    with two_roads(tmp_path, {1: LONG}) as stage:
        stage.desk.rig.hand.switch_auto_trading(False)
        stage.script.bar(PRICE)
        stage.script.bar(PRICE)
        stage.turn(3)
        assert stage.volume() == 0
        assert not stage.other_roads()
        stage.finish()


def test_an_exit_goes_at_once_by_the_other_road_where_the_first_edge_is_away(
    tmp_path: Path,
) -> None:
    with two_roads(tmp_path, {0: LONG, 1: FLAT}) as stage:
        stage.bar(turns=2)
        stage.desk.link(linked=False)
        stage.bar(turns=2)
        assert stage.volume() == 0
        assert stage.script.position["quantity"] == 20_000, "the books follow the first edge"
        stage.desk.link(linked=True)
        stage.turn(2)
        assert stage.script.position["quantity"] == 0
        assert not stage.told(OrderRejected) + stage.told(OrderExpired)
        stage.finish()


@pytest.mark.parametrize("executes", [True, False])
def test_an_exit_that_blocks_is_looked_for_and_only_then_sent(
    tmp_path: Path, executes: bool
) -> None:
    with two_roads(tmp_path, {0: LONG, 1: FLAT}) as stage:
        stage.bar(turns=2)
        stage.desk.rig.hand.lose_next(executes=executes)
        stage.script.show(PRICE, after=MINUTE)
        stage.desk.is_alive = False  # it hangs, and nobody has noticed yet
        stage.turn(4)
        assert stage.volume() == pytest.approx(0.0 if executes else 0.2)
        assert not stage.other_roads(), "nothing is sent blind"
        stage.turn(15, after=10 * SECOND)
        assert stage.volume() == 0
        assert stage.other_roads() == (not executes)
        stage.finish()
        assert stage.script.position["quantity"] == 0


def test_both_doors_closed_is_told_and_the_exit_is_free_to_be_wanted_again(
    tmp_path: Path,
) -> None:
    with two_roads(tmp_path, {0: LONG, 1: FLAT, 2: FLAT}) as stage:
        stage.bar(turns=2)
        stage.desk.second_hand.switch_auto_trading(False)
        stage.turn()
        stage.desk.rig.hand.switch_auto_trading(False)
        stage.bar(turns=2)
        assert "not_flat" in [each.code for each in stage.told(GatewayAlarm)]
        assert stage.volume() == pytest.approx(0.2)
        stage.desk.second_hand.switch_auto_trading(True)
        stage.turn(2)
        stage.bar(turns=3)
        assert stage.volume() == 0
        stage.finish()


def test_a_trader_that_dies_between_both_roads_sends_once(tmp_path: Path) -> None:
    with two_roads(tmp_path, {0: LONG, 1: FLAT}) as stage:
        stage.bar(turns=2)
        stage.desk.link(linked=False)
        stage.bar()
        stage.restart()
        stage.turn(2)
        stage.desk.link(linked=True)
        stage.turn(2)
        assert stage.volume() == 0
        assert stage.other_roads() == 1
        stage.finish()
        assert stage.script.position["quantity"] == 0


def test_what_rests_is_cancelled_by_the_other_road(tmp_path: Path) -> None:
    rests = {"action": PLACE_LIMIT, "quantity": 20_000, "price": PRICE - 500}
    with two_roads(tmp_path, {0: rests, 2: {"action": CANCEL}}) as stage:
        stage.bar(turns=2)
        assert stage.script.resting()
        stage.desk.rig.hand.switch_auto_trading(False)
        stage.bar(turns=2)
        stage.bar(turns=3)
        assert not stage.script.resting()
        assert len(stage.told(OrderCancelled)) == 1
        assert not stage.told(ForeignActivity)
        stage.finish()


@pytest.mark.parametrize("seed", [4, 19, 34, 100_041])
def test_no_exit_is_carried_out_twice_whoever_dies(tmp_path: Path, seed: int) -> None:
    live_on_two_roads(tmp_path, seed)


def test_an_edge_of_another_login_is_no_road(tmp_path: Path) -> None:
    with two_roads(tmp_path, {}) as stage:
        with pytest.raises(UsageError, match="no two roads to one login"):
            RoadBroker(stage.desk.home, ("other", "other"), DIGITS)
        EdgeTokens(stage.desk.home).issue("silent", tenant="local", account="live")
        with pytest.raises(OperatorError, match="has not told how its account stands"):
            RoadBroker(stage.desk.home, ("desk", "silent"), DIGITS)

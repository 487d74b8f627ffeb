"""Exits of tickets by the other road of one login: each closed once, and told under its own key."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay.kernel.records import GO_TO, PLACE_MARKET
from assay.model.messages import OrderCancelled, OrderFilled, OrderRejected, OrderSubmitted
from assay.model.time import MINUTE
from tests.sim.road_story import hedge, live_on_two_roads
from tests.sim.test_roads import FLAT, LONG, PRICE, two_roads
from tests.sim.venue_script import FIRST_TICKET

BUY = {"action": PLACE_MARKET, "quantity": 20_000}
CLOSE = {"action": GO_TO, "quantity": 0, "ticket": FIRST_TICKET}
ASKED = {"netting": (LONG, FLAT), "hedging": (BUY, CLOSE)}
MODES = pytest.mark.parametrize("mode", ["netting", "hedging"])


@MODES
def test_an_exit_that_was_looked_for_goes_by_the_other_road_once_the_first_refuses(
    tmp_path: Path, mode: str
) -> None:
    opens, closes = ASKED[mode]
    with two_roads(tmp_path, {0: opens, 1: closes}, mode) as stage:
        stage.bar(turns=2)
        stage.desk.is_alive = False  # it hangs for a while, and then comes back
        stage.script.show(PRICE, after=MINUTE)
        stage.turn(4)
        assert [each.kind for each in stage.desk.second_orders()] == ["watch"]
        stage.desk.rig.hand.switch_auto_trading(False)
        stage.desk.is_alive = True
        stage.turn(2)
        assert stage.volume() == 0
        assert stage.other_roads() == 1
        stage.finish()
        assert not stage.told(OrderRejected)


@MODES
def test_an_exit_that_both_roads_refused_is_not_taken_for_the_one_that_came_after_it(
    tmp_path: Path, mode: str
) -> None:
    opens, closes = ASKED[mode]
    with two_roads(tmp_path, {0: opens, 1: closes, 2: closes}, mode) as stage:
        stage.bar(turns=2)
        stage.desk.link(linked=False)
        stage.desk.second_hand.switch_auto_trading(False)
        stage.script.show(PRICE, after=MINUTE)
        stage.desk.second_hand.switch_auto_trading(True)
        stage.desk.link(linked=True)  # the first edge is told to look for what was refused
        stage.turn(2)
        stage.desk.link(linked=False)
        stage.bar(turns=2)
        assert stage.volume() == 0
        stage.desk.link(linked=True)
        stage.turn(2)
        opener, refused, carried = (each.key for each in stage.told(OrderSubmitted))
        stage.finish()
        assert {each.key for each in stage.told(OrderRejected)} == {refused}
        # The first edge booked the deal before it heard of the order that made it.
        assert [each.key for each in stage.told(OrderFilled)] == [opener, opener]
        assert [each.key for each in stage.told(OrderCancelled)] == [carried]


def test_what_is_left_of_a_ticket_that_a_user_made_smaller_is_closed(tmp_path: Path) -> None:
    with two_roads(tmp_path, {0: BUY, 1: CLOSE}, "hedging") as stage:
        stage.bar(turns=2)
        desk, life = stage.desk, stage.script.life
        desk.quote("EURUSD", PRICE, 10, after=MINUTE)
        life.listen()
        (held,) = desk.rig.terminal.positions_get() or ()
        desk.rig.hand.close(held.ticket, 0.05)
        desk.executor.poll()  # it tells of that before the exit arrives
        desk.rig.hand.switch_auto_trading(False)
        desk.exchange()
        life.listen()
        stage.turn(2)
        assert stage.volume() == 0
        assert stage.other_roads() == 1
        stage.finish()
        assert not stage.told(OrderRejected)
        assert stage.script.position["tickets"] == 0


@pytest.mark.parametrize("seed", [12, 49])
def test_each_ticket_is_closed_once_whoever_dies(tmp_path: Path, seed: int) -> None:
    live_on_two_roads(tmp_path, seed, hedge)

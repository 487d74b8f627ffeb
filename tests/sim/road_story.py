"""Days on which exits need two roads: either edge dies, doors close, answers are lost."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from assay.apps.paper.roads import RoadBroker, Roads
from assay.kernel.records import GO_TO
from assay.model.time import MINUTE, SECOND
from assay.runtime.ids import Rng
from assay.trading.brokers.mt5 import api
from assay.trading.brokers.mt5.ports import OrderCommand
from assay.trading.terminal import SimulatedTerminal
from tests.sim.crashing import CrashError, Fuse
from tests.sim.road_desk import RoadDesk
from tests.sim.test_venue import EVER, require_agreement
from tests.sim.venue_desk import EdgeSide, Life
from tests.sim.venue_script import Scripted, scripted

BARS, LAST_BARS = 14, 6
STEP = 10_000
PRICE = 110_000


class FragileRoads(RoadDesk):
    """Let a trader die also between what it tells one edge and the other."""

    def start(self, fuse: Fuse | None = None) -> Life:
        life = super().start(fuse)
        roads = cast("RoadBroker", life.broker).roads
        for desk in (roads._first, roads._second):
            submit = desk.submit

            def guarded(command: OrderCommand, submit=submit) -> None:  # type: ignore[no-untyped-def]
                life.fuse.guard("submit", lambda: submit(command), lambda: None)

            desk.submit = guarded  # type: ignore[method-assign]
        return life


def live_on_two_roads(path: Path, seed: int) -> list[str]:
    """Live through a seed's day, end it flat by the second road, and be judged; tell the deaths."""
    rng, burnt = Rng(seed), list[str]()
    asked = {bar: {"action": GO_TO, "quantity": rng.randint(0, 3) * STEP} for bar in range(BARS)}
    asked |= {bar: {"action": GO_TO, "quantity": 0} for bar in range(BARS, BARS + LAST_BARS + 1)}
    with scripted(path, asked, made=FragileRoads) as stage:
        desk = cast("FragileRoads", stage.desk)
        for _ in range(BARS):
            burnt += _go_on(stage, after=MINUTE)
            for _ in range(3):
                _disturb(desk, rng)
                if not stage.life.fuse.at and rng.random() < 0.15:
                    stage.arm(rng)
                burnt += _go_on(stage, after=rng.randint(1, 8) * SECOND)
        stage.life.fuse.at = 0
        _repair(desk)
        desk.rig.hand.switch_auto_trading(False)
        for _ in range(LAST_BARS):
            _go_on(stage, after=MINUTE)
            _go_on(stage, after=2 * SECOND)
        assert not sum(each.volume for each in desk.rig.terminal.positions_get() or ())
        desk.rig.hand.switch_auto_trading(True)
        for _ in range(4):
            _go_on(stage, after=45 * SECOND)
        require_once(desk.rig.terminal, cast("RoadBroker", stage.life.broker).roads)
        require_agreement(desk, stage.life)
        assert not stage.position["quantity"]
        assert not stage.position["waiting"]
    return burnt


def require_once(terminal: SimulatedTerminal, roads: Roads) -> None:
    """Require that no key made two orders, and that what the second road did closed something."""
    deals = terminal.history_deals_get(*EVER) or ()
    ours = {(each.magic, each.order) for each in deals if each.magic}
    assert len(ours) == len({key for key, _ in ours})
    carried = [each for each in deals if each.magic and roads.carries(each.magic)]
    assert {each.entry for each in carried} <= {api.DEAL_ENTRY_OUT}


def _go_on(stage: Scripted, *, after: int) -> list[str]:
    try:
        stage.show(PRICE, after=after)
    except CrashError as error:
        stage.desk.exchange()
        stage.restart()
        return [str(error)]
    return []


def _disturb(desk: FragileRoads, rng: Rng) -> None:
    """Let something befall one of the two roads, or heal it."""
    side: EdgeSide = rng.choice((desk, desk, desk.second))
    hand = desk.second_hand if side is desk.second else desk.rig.hand
    what = rng.randint(0, 9)
    if what == 0:
        hand.switch_auto_trading(rng.random() < 0.5)
    elif what == 1:
        hand.lose_next(executes=rng.random() < 0.5)
    elif what == 2:
        side.link(linked=not side.is_linked)
    elif what == 3:
        side.is_alive = False
        side.link(linked=rng.random() < 0.5)  # the bridge may not know yet
    elif what == 4:
        _wake(side)
    elif what == 5:
        hand.disconnect(20.0)
    elif what == 6 and rng.random() < 0.5:
        for held in desk.rig.terminal.positions_get() or ():
            desk.rig.hand.close(held.ticket, 0.05)


def _wake(side: EdgeSide) -> None:
    if not side.is_alive:
        side.is_alive = True
        side.restart_edge()
    side.link(linked=True)


def _repair(desk: FragileRoads) -> None:
    for side, hand in ((desk, desk.rig.hand), (desk.second, desk.second_hand)):
        _wake(side)
        hand.switch_auto_trading(True)
        hand.reconnect()
    desk.rig.terminal.switches.scripted.clear()
    desk.second_terminal.switches.scripted.clear()

"""Days on which exits need two roads: either edge dies, doors close, answers are lost."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, cast

from msgspec import UNSET

from assay.apps.paper.venue.roads import RoadBroker, Roads
from assay.kernel.records import CANCEL, GO_TO, OLDEST, PLACE_MARKET
from assay.model.messages import DealBooked, OrderExpired, OrderRejected, OrderSubmitted
from assay.model.time import MINUTE, SECOND
from assay.runtime.ids import Rng
from assay.trading.brokers.mt5 import api
from assay.trading.brokers.mt5.ports import OrderCommand
from assay.trading.brokers.mt5.structures import TradeDeal
from assay.trading.terminal import SimulatedTerminal
from assay.trading.terminal.hand import Hand
from tests.sim import hedge_story, venue_story
from tests.sim.balky_terminal import BalkyTerminal
from tests.sim.crashing import CrashError, Fuse
from tests.sim.road_desk import RoadDesk
from tests.sim.test_venue import EVER, require_agreement
from tests.sim.venue_desk import EdgeSide, Life
from tests.sim.venue_script import FIRST_TICKET, LAST_TICKET, Asked, Scripted, scripted
from tests.unit.trading.mt5.rig import Rig

STEP = 10_000
PRICE = 110_000
MUCH = 600_000


class Course(NamedTuple):
    """Hold what a day asks for at its bars, their prices, and what may befall the two roads.

    The first bars are `calm`. After all of them others follow at which the account is to become
    flat, the first road being shut at each by one of `ways`.
    """

    mode: str
    asked: Asked
    prices: list[int]
    calm: int
    last: int
    kinds: int
    ways: tuple[str, ...]


Planner = Callable[[Rng], Course]


def net(rng: Rng) -> Course:
    """Return a day of a netting account: one position of changing size."""
    bars, last = 14, 6
    asked = {bar: {"action": GO_TO, "quantity": rng.randint(0, 3) * STEP} for bar in range(bars)}
    asked |= {bar: {"action": GO_TO, "quantity": 0} for bar in range(bars, bars + last + 1)}
    return Course("netting", asked, [PRICE] * bars, 0, last, 9, ("auto_trading",))


def hedge(rng: Rng) -> Course:
    """Return a day of a hedging account: tickets of both sides, and every order that closes one."""
    day, last = TicketDay(rng.randint(0, 1 << 30)), 14
    closing = (
        {"action": CANCEL},
        {"action": PLACE_MARKET, "quantity": -MUCH, "ticket": OLDEST},
        {"action": PLACE_MARKET, "quantity": MUCH, "ticket": OLDEST},
        {"action": GO_TO, "quantity": 0, "ticket": FIRST_TICKET},
    )
    # A minute more than the bars goes by in between, and four until all is settled.
    begin = venue_story.BARS + 6
    asked = day.asked | {bar: closing[bar % 4] for bar in range(begin, begin + last + 4)}
    ways = ("auto_trading", "experts", "unlinked", "silent", "blocked", "both")
    return Course("hedging", asked, day.prices[:14], 4, last, 15, ways)


class TicketDay(hedge_story.HedgedDay):
    """Open tickets of both sides first, then close them as much as anything else."""

    def _ask(self, bar: int) -> dict[str, int]:
        rng, side = self.rng, self.rng.choice((1, -1))
        if bar < 4:
            return {"action": PLACE_MARKET, "quantity": side * rng.randint(1, 3) * STEP}
        which = rng.choice((FIRST_TICKET, LAST_TICKET))
        part = side * rng.randint(1, 5) * STEP
        closes = (
            {"action": GO_TO, "quantity": 0, "ticket": which},
            {"action": GO_TO, "quantity": part, "ticket": which},
            {"action": PLACE_MARKET, "quantity": part, "ticket": OLDEST},
        )
        return rng.choice(closes) if rng.random() < 0.5 else super()._ask(bar)


class FragileRoads(RoadDesk):
    """Let a trader die also between what it tells one edge and the other, and terminals block."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.balky = BalkyTerminal(self.rig.terminal)
        self.second_balky = BalkyTerminal(self.second_terminal)
        self.gateway_of = lambda: self.rig.open(self.balky)  # type: ignore[arg-type]
        self.second.gateway_of = lambda: self.rig.open(self.second_balky)  # type: ignore[arg-type]
        self.restart_edge()
        self.second.restart_edge()

    def start(self, fuse: Fuse | None = None) -> Life:
        life = super().start(fuse)
        roads = cast("RoadBroker", life.broker).roads
        for desk in (roads._first, roads._second):
            submit = desk.submit

            def guarded(command: OrderCommand, submit=submit) -> None:  # type: ignore[no-untyped-def]
                life.fuse.guard("submit", lambda: submit(command), lambda: None)

            desk.submit = guarded  # type: ignore[method-assign]
        return life

    def sides(self) -> tuple[tuple[EdgeSide, Hand, BalkyTerminal], ...]:
        """Return of both roads the edge, the hand at its terminal, and that terminal."""
        first = (self, self.rig.hand, self.balky)
        return first, (self.second, self.second_hand, self.second_balky)


def live_on_two_roads(path: Path, seed: int, plan: Planner = net) -> list[str]:
    """Live through a seed's day, end it flat by the second road, and be judged; tell the deaths."""
    rng, burnt = Rng(seed), list[str]()
    course = plan(rng)
    with scripted(path, course.asked, made=FragileRoads, rig=Rig(course.mode)) as stage:
        desk = cast("FragileRoads", stage.desk)
        for bar, price in enumerate(course.prices):
            burnt += _go_on(stage, price, after=MINUTE)
            for _ in range(3):
                if bar >= course.calm:
                    _disturb(stage, rng, course.kinds)
                if not stage.life.fuse.at and rng.random() < 0.15:
                    stage.arm(rng)
                burnt += _go_on(stage, price, after=rng.randint(1, 8) * SECOND)
        stage.life.fuse.at = 0
        if course.mode == "hedging":
            _repair(desk)
            venue_story.settle(stage, course.prices[-1])
            hedge_story.judge(stage)
        _flatten(stage, rng, course)
        _repair(desk)
        for _ in range(4):
            _go_on(stage, course.prices[-1], after=45 * SECOND)
        require_once(desk.rig.terminal, cast("RoadBroker", stage.life.broker).roads)
        require_own_keys(stage)
        require_agreement(desk, stage.life)
        assert not stage.position["quantity"]
        assert not stage.position["waiting"]
        assert not stage.life.trader.topology.desk.venues.unanswered()
        if course.mode == "hedging":
            hedge_story.judge(stage)
            require_each_closed_once(stage)
    return burnt


def _flatten(stage: Scripted, rng: Rng, course: Course) -> None:
    """Shut the first road at each bar in another way, until nothing of ours is open."""
    desk, price = cast("FragileRoads", stage.desk), course.prices[-1]
    for bar in range(course.last):
        # The last bars are told by both: what is not known to be closed is not asked for again.
        is_last = bar >= course.last - 5
        _repair(desk)
        _shut(desk, course.ways[0] if is_last else rng.choice(course.ways))
        _go_on(stage, price, after=MINUTE)
        _go_on(stage, price, after=2 * SECOND)
    shown = desk.rig.terminal.positions_get() or ()
    assert not [each for each in shown if each.magic or course.mode == "netting"]


def _shut(desk: FragileRoads, way: str) -> None:
    hand = desk.rig.hand
    if way in ("auto_trading", "both"):
        hand.switch_auto_trading(False)
    if way == "both":
        desk.second_hand.switch_experts(False)
    elif way == "experts":
        hand.switch_experts(False)
    elif way == "unlinked":
        desk.link(linked=False)
    elif way == "silent":
        desk.is_alive = False
    elif way == "blocked":
        desk.balky.block(65)


def require_once(terminal: SimulatedTerminal, roads: Roads) -> None:
    """Require that no key made two orders, and that what the second road did closed something."""
    deals = [each for each in terminal.history_deals_get(*EVER) or () if _is_asked_for(each)]
    ours = {(each.magic, each.order) for each in deals}
    assert len(ours) == len({key for key, _ in ours})
    carried = [each for each in deals if roads.carries(each.magic)]
    assert {each.entry for each in carried} <= {api.DEAL_ENTRY_OUT}


def _is_asked_for(deal: TradeDeal) -> bool:
    # A stop or a target of the terminal carries the magic number of what it closes.
    return bool(deal.magic) and deal.reason == api.DEAL_REASON_EXPERT


def require_own_keys(stage: Scripted) -> None:
    """Require that no deal was booked to another order than made it, or to one said not to be."""
    deals = stage.desk.rig.terminal.history_deals_get(*EVER) or ()
    made = {each.ticket: each.magic if _is_asked_for(each) else 0 for each in deals}
    # What the second did while the first had not heard of the order is booked to none.
    booked = {each.ticket: each.key for each in stage.told(DealBooked) if each.key}
    assert booked == {number: made[number] for number in booked}
    ended = [*stage.told(OrderRejected), *stage.told(OrderExpired)]
    assert not {each.key for each in ended} & set(made.values())


def require_each_closed_once(stage: Scripted) -> None:
    """Require by the terminal's deals that every position of ours was opened and closed once.

    An exit closes the position that it names and nothing else; an entry went by the first road.
    """
    sent = {each.key: each for each in stage.told(OrderSubmitted)}
    deals = stage.desk.rig.terminal.history_deals_get(*EVER) or ()
    for number in {each.position_id for each in deals if each.magic}:
        opened, closed = list[TradeDeal](), list[TradeDeal]()
        for deal in deals:
            if deal.position_id == number:
                (opened if deal.entry == api.DEAL_ENTRY_IN else closed).append(deal)
        assert len({each.magic for each in opened}) == 1
        assert _cents(opened) == _cents(closed)
    for deal in filter(_is_asked_for, deals):
        order = sent[deal.magic]
        is_exit = order.position is not UNSET
        assert is_exit == (deal.entry != api.DEAL_ENTRY_IN)
        if is_exit:
            assert deal.position_id in (order.position, order.position_by)
    entries = {key for key, each in sent.items() if each.position is UNSET}
    carried = list(cast("FragileRoads", stage.desk).second_orders())
    assert {each.kind for each in carried} <= {"close", "cancel", "watch"}
    assert not entries & {each.id for each in carried}


def _cents(deals: list[TradeDeal]) -> int:
    return sum(round(each.volume * 100) for each in deals)


def _go_on(stage: Scripted, price: int, *, after: int) -> list[str]:
    try:
        stage.show(price, after=after)
    except CrashError as error:
        stage.desk.exchange()
        stage.restart()
        return [str(error)]
    return []


def _disturb(stage: Scripted, rng: Rng, kinds: int) -> None:
    """Let something befall one of the two roads, or heal it."""
    desk = cast("FragileRoads", stage.desk)
    side: EdgeSide = rng.choice((desk, desk, desk.second))
    hand = desk.second_hand if side is desk.second else desk.rig.hand
    what = rng.randint(0, kinds)
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
    elif what >= 10:
        _disturb_more(stage, rng, side, what)


def _disturb_more(stage: Scripted, rng: Rng, side: EdgeSide, what: int) -> None:
    """Let what netting days do not know befall a road, or a user meddle with tickets."""
    desk = cast("FragileRoads", stage.desk)
    _, hand, balky = desk.sides()[side is desk.second]
    if what == 10:
        hand.switch_experts(rng.random() < 0.5)
    elif what == 11:
        balky.block(rng.randint(3, 40))
    elif what == 12:
        balky.block_next(rng.randint(3, 40), executes=rng.random() < 0.5)
    elif what == 13:
        # What looks for an exit before it closes again must not be misled by a late history.
        desk.second_hand.delay_deals(rng.choice((0.0, 6.0, 60.0)))
    elif what == 14:
        side.restart_edge()
    elif what == 15:
        venue_story.disturb(stage, rng)
        hedge_story.meddle(stage, rng)


def _wake(side: EdgeSide) -> None:
    if not side.is_alive:
        side.is_alive = True
        side.restart_edge()
    side.link(linked=True)


def _repair(desk: FragileRoads) -> None:
    for side, hand, balky in desk.sides():
        balky.release()
        _wake(side)
        hand.switch_auto_trading(True)
        hand.switch_experts(True)
        hand.delay_deals(0.0)
        hand.reconnect()
    desk.rig.terminal.switches.scripted.clear()
    desk.second_terminal.switches.scripted.clear()

"""Days of every order at a terminal, on which trader and connector die and a user meddles."""

from __future__ import annotations

from pathlib import Path

from assay.kernel.records import (
    AWAY,
    CANCEL,
    CANCEL_ONE,
    GO_TO,
    GTD,
    MODIFY,
    PLACE_LIMIT,
    PLACE_STOP,
    PLACE_STOP_LIMIT,
    PLACE_TRAILING,
    PLACE_TWAP,
    PROTECT,
)
from assay.model.messages import CancelRequested, ChangeRequested, OrderSubmitted
from assay.model.time import MINUTE, SECOND
from assay.runtime.ids import Rng
from assay.trading.brokers.mt5 import api
from tests.sim.crashing import CrashError
from tests.sim.test_venue import EVER, require_agreement
from tests.sim.venue_script import LAST_ORDER, Asked, Scripted, scripted
from tests.unit.trading.mt5.rig import TUESDAY

BARS = 16
UNITS = 20_000
BEGUN = 110_000


class Day:
    """Hold what is asked for at each bar and the prices between, by a seed."""

    def __init__(self, seed: int) -> None:
        self.rng = Rng(seed)
        self.prices = [BEGUN]
        for _ in range(BARS):
            self.prices.append(self.prices[-1] + self.rng.randint(-120, 120))
        self.asked: Asked = {bar: self._ask(bar) for bar in range(BARS)}

    def guard(self, price: int, side: int) -> dict[str, int]:
        """Return how a position is protected that an order may open."""
        rng = self.rng
        kinds: tuple[dict[str, int], ...] = (
            {}, {"trail": rng.randint(40, 150)}, {"break_after": 40, "break_keep": 5},
            {"hold": rng.randint(1, 4) * MINUTE}, {"stop": price - side * 300},
            {"stop": price - side * 200, "target": price + side * 200},
        )  # fmt: skip
        return rng.choice(kinds)

    def _ask(self, bar: int) -> dict[str, int]:
        rng, price, side = self.rng, self.prices[bar], self.rng.choice((1, -1))
        away = rng.randint(30, 150)
        guard = self.guard(price, side)
        group = rng.choice((0, 0, bar // 4 + 1))
        order = {"quantity": side * UNITS, "group": group, **guard}
        if rng.random() < 0.3:
            order |= {"time_in_force": GTD, "expires": TUESDAY + (bar + 4) * MINUTE}
        limit, stop = price - side * away, price + side * (away + 10)
        asks = (
            {"action": GO_TO, "quantity": rng.choice((-1, 0, 1, 2)) * UNITS, **guard},
            {"action": PLACE_LIMIT, "price": limit, **order},
            {"action": PLACE_STOP, "price": stop, **order},
            {"action": PLACE_STOP_LIMIT, "price": stop, "limit": stop + side * 10, **order},
            {"action": PLACE_TRAILING, "distance": away, **order},
            {"action": PLACE_TWAP, "quantity": side * 60_000, "slices": 3, "every": MINUTE},
            {"action": MODIFY, "order": LAST_ORDER, "price": limit},
            {"action": MODIFY, "order": LAST_ORDER, "stop": price - side * 250},
            {"action": PROTECT, "stop": price - side * 150, "target": price + side * 260},
            {"action": PROTECT, "trail": rng.randint(30, 90)},
            {"action": CANCEL_ONE, "order": LAST_ORDER},
            {"action": CANCEL},
            {},
        )
        return rng.choice(asks)


def disturb(stage: Scripted, rng: Rng) -> None:
    """Do now and then what a broker or a user does."""
    hand, terminal = stage.desk.rig.hand, stage.desk.rig.terminal
    what, positions = rng.randint(0, 15), terminal.positions_get() or ()
    orders = terminal.orders_get() or ()
    if what == 0 and positions:
        hand.close(positions[0].ticket)
    elif what == 1 and positions:
        hand.close(positions[0].ticket, 0.05)
    elif what == 2 and positions:
        hand.edit(positions[0].ticket, 0.0, 0.0)
    elif what == 3 and orders:
        hand.remove(orders[0].ticket)
    elif what == 4 and positions:
        held = positions[0]
        hand.trade(held.symbol, (-2 if held.type == 0 else 2) * held.volume)
    elif what == 5:
        hand.answer_next(rng.choice((api.TRADE_RETCODE_REQUOTE, api.TRADE_RETCODE_REJECT)))
    elif what == 6:
        hand.lose_next(executes=rng.random() < 0.5)


def live_through(path: Path, seed: int) -> list[str]:
    """Live through a seed's day, and be judged; return where the trader died."""
    day, rng, burnt = Day(seed), Rng(seed + 1_000), list[str]()
    with scripted(path, day.asked) as stage:
        for price in day.prices:
            for part in range(3):
                if not stage.life.fuse.at and rng.random() < 0.1:
                    stage.arm(rng)
                burnt += show_or_die(stage, price + rng.randint(-40, 40), rng, part)
                disturb(stage, rng)
        stage.life.fuse.at = 0
        settle(stage, day.prices[-1])
        judge(stage)
    return burnt


def show_or_die(stage: Scripted, price: int, rng: Rng, part: int) -> list[str]:
    """Show a price; where the trader dies of it the terminal lives on, and it comes back."""
    try:
        stage.show(price, after=MINUTE // 3 + part)
    except CrashError as error:
        disturb(stage, rng)
        if rng.random() < 0.5:
            stage.desk.restart_edge()
        stage.desk.exchange()
        stage.restart()
        return [str(error)]
    return []


def settle(stage: Scripted, price: int) -> None:
    """Let all that is under way come to its end; what is asked for in answer goes out at once.

    Faults that were planted and met nobody are taken away: nothing new goes wrong meanwhile.
    """
    stage.desk.rig.hand.reconnect()
    stage.desk.rig.terminal.switches.scripted.clear()
    for _ in range(6):
        stage.show(price, after=40 * SECOND)
        stage.life.turn()


def judge(stage: Scripted) -> None:
    """Require the terminal's books, nothing sent twice, and what is wanted at the terminal."""
    require_agreement(stage.desk, stage.life)
    sent = [each.key for each in stage.told(OrderSubmitted)]
    wishes = [each.id for kind in (CancelRequested, ChangeRequested) for each in stage.told(kind)]
    assert len(sent + wishes) == len(set(sent + wishes))
    deals = stage.desk.rig.terminal.history_deals_get(*EVER) or ()
    # A stop or a target of the terminal carries the magic number of what it closes.
    ours = {(each.magic, each.order) for each in deals if each.reason == api.DEAL_REASON_EXPERT}
    assert len(ours) == len({key for key, _ in ours})
    require_no_ghosts(stage)


def require_no_ghosts(stage: Scripted) -> None:
    """Require that what the engine holds to be at the terminal is there, and nothing else."""
    world = stage.life.trader.topology.desk.world
    slots = [each for each in world.orders[0, 0] if each["state"] == AWAY]
    resting = {each.magic for each in stage.resting() if each.magic}
    known = {each.key for each in stage.told(OrderSubmitted)}
    assert len(slots) == len(resting & known)
    positions = stage.desk.rig.terminal.positions_get() or ()
    if stage.position["quantity"] and positions and not stage.position["foreign"]:
        shown = tuple(round(each * 100_000) for each in (positions[0].sl, positions[0].tp))
        wanted = tuple(int(stage.position[name]) for name in ("stop", "target"))
        assert shown == wanted or abs(shown[0] - wanted[0]) < 10

"""Days of tickets at a hedging terminal, on which trader and connector die and a user meddles."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import msgspec

from assay.apps.config import Config
from assay.kernel.records import (
    AWAY,
    CANCEL,
    GO_TO,
    OLDEST,
    PLACE_CLOSE_BY,
    PLACE_LIMIT,
    PLACE_MARKET,
    PLACE_STOP,
    PLACE_TRAILING,
    PLACE_TWAP,
    PROTECT,
)
from assay.model.messages import OrderSubmitted
from assay.model.time import MINUTE
from assay.runtime.ids import Rng
from assay.trading.brokers.mt5 import api
from assay.trading.engine.away import VenueState
from tests.sim.test_venue import EVER, require_agreement
from tests.sim.venue_script import FIRST_TICKET, LAST_TICKET, Asked, Scripted, scripted
from tests.sim.venue_story import UNITS, Day, disturb, settle, show_or_die
from tests.unit.trading.mt5.rig import Rig


class HedgedDay(Day):
    """Hold what is asked for at each bar of an account that hedges."""

    def _ask(self, bar: int) -> dict[str, int]:
        rng, price, side = self.rng, self.prices[bar], self.rng.choice((1, -1))
        away, size = rng.randint(30, 150), rng.choice((1, 2, 3)) * UNITS // 2
        guard = self.guard(price, side)
        group = rng.choice((0, 0, bar // 4 + 1))
        which = rng.choice((FIRST_TICKET, LAST_TICKET))
        opens = {"quantity": side * size, **guard}
        asks = (
            {"action": PLACE_MARKET, **opens},
            {"action": PLACE_MARKET, **opens},
            {"action": PLACE_LIMIT, "price": price - side * away, "group": group, **opens},
            {"action": PLACE_STOP, "price": price + side * away, "group": group, **opens},
            {"action": PLACE_TRAILING, "distance": away, **opens},
            {"action": GO_TO, "quantity": rng.choice((-2, -1, 0, 1, 2)) * UNITS, **guard},
            {"action": GO_TO, "quantity": rng.choice((0, 1, -1)) * UNITS // 2, "ticket": which},
            {"action": PLACE_MARKET, "quantity": side * size, "ticket": OLDEST},
            {"action": PLACE_TWAP, "quantity": side * 60_000, "slices": 3, "every": MINUTE,
             "ticket": rng.choice((0, OLDEST))},
            {"action": PLACE_CLOSE_BY, "ticket": FIRST_TICKET, "order": LAST_TICKET},
            {"action": PLACE_CLOSE_BY, "ticket": LAST_TICKET, "order": FIRST_TICKET},
            {"action": PROTECT, "ticket": which, "stop": price - side * 150},
            {"action": PROTECT, "ticket": which, "trail": rng.randint(30, 90)},
            {"action": CANCEL},
        )  # fmt: skip
        return rng.choice(asks)


def hedge(
    path: Path, asked: Asked, config: Config | None = None, **broker: Any
) -> AbstractContextManager[Scripted]:
    """Open a desk at a hedging terminal."""
    return scripted(path, asked, rig=Rig("hedging", **broker), config=config or Config())


def meddle(stage: Scripted, rng: Rng) -> None:
    """Do now and then what a user does with tickets alone."""
    hand, positions = stage.desk.rig.hand, stage.desk.rig.terminal.positions_get() or ()
    what = rng.randint(0, 11)
    sides = {kind: [each for each in positions if each.type == kind] for kind in (0, 1)}
    if what == 0 and sides[0] and sides[1]:
        hand.close_by(sides[0][-1].ticket, sides[1][-1].ticket)
    elif what == 1 and positions:
        hand.close(positions[-1].ticket, 0.05)


def live_through(path: Path, seed: int) -> list[str]:
    """Live through a seed's day, and be judged; return where the trader died."""
    day, rng, burnt = HedgedDay(seed), Rng(seed + 1_000), list[str]()
    with hedge(path, day.asked) as stage:
        for price in day.prices:
            for part in range(3):
                if not stage.life.fuse.at and rng.random() < 0.1:
                    stage.arm(rng)
                burnt += show_or_die(stage, price + rng.randint(-40, 40), rng, part)
                disturb(stage, rng)
                meddle(stage, rng)
        stage.life.fuse.at = 0
        settle(stage, day.prices[-1])
        judge(stage)
    return burnt


def judge(stage: Scripted) -> None:
    """Require the terminal's tickets in engine and books, and nothing sent twice."""
    require_agreement(stage.desk, stage.life)
    require_tickets(stage)
    sent = [each.key for each in stage.told(OrderSubmitted)]
    assert len(sent) == len(set(sent))
    deals = stage.desk.rig.terminal.history_deals_get(*EVER) or ()
    ours = {(each.magic, each.order) for each in deals if each.reason == api.DEAL_REASON_EXPERT}
    assert len(ours) == len({key for key, _ in ours})
    world = stage.life.trader.topology.desk.world
    away = [each for each in world.orders[0, 0] if each["state"] == AWAY]
    resting = {each.magic for each in stage.resting() if each.magic}
    assert len(away) == len(resting & set(sent))


def require_tickets(stage: Scripted) -> None:
    """Require that engine and ledger hold the terminal's tickets, with its stops and targets."""
    topology = stage.life.trader.topology
    world, account = topology.desk.world, topology.desk.plan.accounts[0].id
    keys = set(topology.ledger.tickets(account, "EURUSD"))
    shown = {
        each.identifier: each
        for each in stage.desk.rig.terminal.positions_get() or ()
        if each.symbol == stage.desk.rig.names["EURUSD"] and each.magic
    }
    _, kept, _ = msgspec.msgpack.decode(topology.desk.snapshot(), type=tuple[bytes, bytes, bytes])
    openers = msgspec.msgpack.decode(kept, type=VenueState).openers
    assert {str(key) for _, key in openers} == keys
    count = int(stage.position["tickets"])
    tickets = {int(each["number"]) + 1: each for each in world.tickets[0, 0, :count]}
    assert {each.reference for each in openers.values()} == set(tickets)
    assert {each.number for each in openers.values()} == set(shown)
    for (_, key), opener in openers.items():
        ticket, held = tickets[opener.reference], shown[opener.number]
        units = round(held.volume * 100_000) * (1 if held.type == 0 else -1)
        booked = topology.ledger.tickets(account, "EURUSD")[str(key)]
        assert int(ticket["quantity"]) == booked.quantity == units
        there = tuple(round(each * 100_000) for each in (held.sl, held.tp))
        wanted = tuple(int(ticket[name]) for name in ("stop", "target"))
        assert there == wanted or abs(there[0] - wanted[0]) < 10, (there, wanted)

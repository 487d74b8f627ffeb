"""Stories of a trading day in which the connector is killed, each from its seed."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from assay.model.time import SECOND
from assay.trading.brokers.mt5 import api
from assay.trading.brokers.mt5.ports import OrderCommand
from tests.sim.broker_host import Fuse, Host, judge
from tests.unit.trading.mt5.rig import Rig

Act = Callable[[], None]
TIMES = ("gtc", "ioc", "fok")


class Day:
    """Trade through a day: our orders, the market's moves and the user's hand, by a seed."""

    def __init__(self, seed: int, kills: set[int], named: str = "") -> None:
        self.named = named
        self.random = Random(seed)
        self.kind = self.random.choice(("netting", "hedging"))
        rewrites = self.random.choice(({}, {"comments": "clear"}, {"magics": "zero"}))
        still = self.random.random() < 0.5
        self.rig = Rig(self.kind, seed=seed, still=still, **rewrites)
        self.fuse = Fuse(kills)
        self.host = Host(self.rig, self.fuse, Random(seed + 1))
        self.bid = 110_000

    def move(self, points: int, depth: int = 0) -> None:
        self.rig.pass_time(SECOND)
        self.bid += points
        self.rig.quote("EURUSD", self.bid, self.bid + 10, depth=depth)

    def ticket(self, *, last: bool = False) -> int:
        positions = self.rig.terminal.desk.book.positions
        return (max if last else min)(positions, default=0)

    def resting(self) -> int:
        return min(self.rig.terminal.desk.book.orders, default=1)

    def acts(self) -> dict[str, Act]:
        """Return what may happen while the connector is down, by name."""
        lots = self.random.choice((-0.05, 0.05, -0.2))
        return {
            "nothing": lambda: None,
            "a stop": lambda: self.move(-600),
            "a target": lambda: self.move(700),
            "a part of a resting order": lambda: self.move(-150, depth=5_000_000),
            "a close by hand": self.close_by_hand,
            "a stop-out": self.stop_out,
            "a withdrawal": lambda: self.rig.hand.deposit(-5.0),
            "a trade by hand": lambda: self.trade_by_hand(lots),
            "stops removed by hand": self.edit_by_hand,
        }

    def meanwhile(self) -> None:
        """Do what happens while the connector is down: what was named, or anything."""
        acts = self.acts()
        acts[self.named or self.random.choice(list(acts))]()

    def disturb(self) -> None:
        """Let the broker misbehave, or the user act, beside a connector that lives."""
        hand, executes = self.rig.hand, self.random.random() < 0.5
        acts: tuple[Act, ...] = (
            lambda: hand.answer_next(api.TRADE_RETCODE_REQUOTE),
            lambda: hand.answer_next(api.TRADE_RETCODE_TOO_MANY_REQUESTS),
            lambda: hand.answer_next(api.TRADE_RETCODE_TIMEOUT, executes=executes),
            lambda: hand.lose_next(executes=executes, drops_link=self.random.random() < 0.3),
            lambda: hand.delay_next(7.0),
            lambda: hand.delay_history(3),
            lambda: hand.disconnect(20.0),
            self.meanwhile,
        )
        if self.random.random() < 0.5:
            self.random.choice(acts)()

    def trade_by_hand(self, lots: float) -> None:
        self.rig.hand.trade(self.rig.names["EURUSD"], lots)

    def edit_by_hand(self) -> None:
        if self.ticket():
            self.rig.hand.edit(self.ticket(), 0.0, 0.0)

    def stop_out(self) -> None:
        """Leave the account too little money for what is open, and move against it."""
        balance = self.rig.terminal.desk.book.balance
        self.rig.hand.deposit(min(10_000 - balance, 0) / 100)
        positions = self.rig.terminal.desk.book.positions
        self.move(-3_000 if not positions or positions[self.ticket()].side > 0 else 3_000)

    def close_by_hand(self) -> None:
        ticket = self.ticket()
        if not ticket:
            return
        lots = self.rig.terminal.desk.book.positions[ticket].volume / 10**8
        part = 0.01 if lots > 0.01 and self.random.random() < 0.5 else None
        self.rig.hand.close(ticket, part)

    def commands(self) -> list[Callable[[], OrderCommand]]:
        command, units = self.rig.command, self.random.choice((10_000, 30_000, 300_000))
        stop, side = self.random.choice((0, 400)), self.random.choice((1, -1))
        pool: list[Callable[[], OrderCommand]] = [
            lambda: command(quantity=20_000, order_type="limit", price=self.bid - 100),
            lambda: command(quantity=20_000, order_type="stop", price=self.bid + 40, stop=109_000),
            lambda: command(quantity=-side * 20_000, time_in_force=self.random.choice(TIMES)),
            lambda: command("modify", ticket=self.ticket(), stop=self.bid - side * 500),
            lambda: command("modify", ticket=self.resting(), price=self.bid - 50),
            lambda: command("close", ticket=self.ticket(), quantity=-units // 2),
            lambda: command("cancel", ticket=self.resting()),
            lambda: command("close_by", ticket=self.ticket(), other_ticket=self.ticket(last=True)),
            lambda: command("close", ticket=self.ticket()),
        ]
        first: Callable[[], OrderCommand] = lambda: command(  # noqa: E731 - one of its kind
            quantity=side * units,
            stop=stop and self.bid - side * stop,
            target=self.bid + side * 600,
        )
        return [first, *(self.random.choice(pool) for _ in range(6))]

    def run(self) -> list[str]:
        """Live through the day and be judged; return the names of the steps."""
        self.host.survive(self.host.poll, lambda: None)
        for make in self.commands():
            self.disturb()
            command = make()
            self.host.survive(lambda ask=command: self.host.execute(ask), self.meanwhile)  # type: ignore[misc]
            self.move(self.random.randint(-30, 30))
            if self.random.random() < 0.3:
                self.rig.hand.reconnect()
            self.host.survive(self.host.poll, self.meanwhile)
        self.host.settle()
        judge(self.host)
        return self.fuse.names


ORDER_PATH = (
    "before the key is stored",
    "after the key is stored",
    "before order_check",
    "before order_send",
    "after order_send",
    "before the outcome is stored",
    "before booking",
    "while booking",
)


def choose_kills(names: list[str], random: Random) -> set[int]:
    """Choose one step or two: of the order's path by its name, or any at all."""
    kills = set()
    for _ in range(random.choice((1, 1, 2))):
        name = random.choice((*ORDER_PATH, ""))
        steps = [number for number, found in enumerate(names) if name in ("", found)]
        kills.add(random.choice(steps or range(len(names))))
    return kills


def live_through(seed: int) -> str:
    """Live through a seed's day with one kill or two; say where the first one fell."""
    names = Day(seed, set()).run()
    kills = choose_kills(names, Random(seed + 2))
    Day(seed, kills).run()
    return names[min(kills)]


def live_with(named: str, seed: int) -> set[str]:
    """Live through a day on which only one thing happens; return the reasons of its deals."""
    names = Day(seed, set(), named).run()
    random = Random(seed)
    day = Day(seed, choose_kills(names, random), named)
    day.run()
    return {deal.reason for deal in day.rig.book.deals.values()}

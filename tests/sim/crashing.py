"""A trader that dies at a chosen operation on its journal or its broker, and comes back."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from assay.apps.lab.runs.drivers import feed_messages
from assay.apps.lab.runs.setup import Setup
from assay.apps.paper.trader.hotpath import PaperTrader
from assay.model.messages import (
    Message,
    OrderSubmitted,
    PlatformRecovered,
    PlatformStarted,
    encode_message,
)
from assay.runtime.clock import SimClock
from assay.runtime.journal import MemoryJournal
from assay.runtime.journal.memory import MemoryLog
from assay.trading.brokers.paper import PaperBroker

WRITES = ("commit", "mark_confirmed", "set_halt")
SENDING = ("send", "mark_confirmed")
MOMENTS = ("before", "torn", "after")


class CrashError(Exception):
    """End a trader in the middle of something, as a kill would."""


@dataclass
class Fuse:
    """Count operations, or those of one name; burn before, in the middle of, or after one."""

    at: int = 0
    moment: str = "before"
    name: str = ""
    done: int = 0
    burnt: str = ""

    def guard(self, name: str, act: Callable[[], Any], torn: Callable[[], None]) -> Any:
        self.done += self.name in {"", name}
        if self.burnt or self.done != self.at or self.name not in {"", name}:
            return act()
        self.burnt = f"{self.moment} {name}"
        if self.moment == "torn":
            torn()
        if self.moment == "after":
            act()
        raise CrashError(self.burnt)


class FragileJournal:
    """Pass every call to a real journal, unless the fuse burns at it."""

    def __init__(self, journal: MemoryJournal, fuse: Fuse) -> None:
        self._journal, self._fuse = journal, fuse

    def __getattr__(self, name: str) -> Any:
        act = getattr(self._journal, name)
        if name not in WRITES:
            return act
        return lambda *given: self._fuse.guard(name, lambda: act(*given), lambda: None)


class FragileBroker:
    """Pass every call to a real broker, unless the fuse burns at it."""

    def __init__(self, broker: PaperBroker, path: Path, fuse: Fuse) -> None:
        self._broker, self._path, self._fuse = broker, path, fuse
        self.knows, self.close = broker.knows, broker.close

    def send(self, order: OrderSubmitted) -> None:
        self._fuse.guard("send", lambda: self._broker.send(order), self._tear)

    def lapse(self, order: OrderSubmitted) -> None:
        self._fuse.guard("send", lambda: self._broker.lapse(order), self._tear)

    def _tear(self) -> None:
        with self._path.open("ab") as book:
            book.write(b'{"key":123456,"acc')


@dataclass
class Place:
    """Hold what outlives a crash: the log of the journal and the broker's file."""

    setup: Setup
    book: Path
    log: MemoryLog = field(default_factory=MemoryLog)
    wire: bool = False
    setup_id: str = "first"

    def messages(self) -> list[bytes]:
        """Return what was committed, encoded, without the starts and recoveries."""
        passing = (PlatformStarted, PlatformRecovered)
        return [encode_message(each) for each in self.log.messages if not isinstance(each, passing)]

    def equip(self, trader: PaperTrader) -> None:
        """Give a trader what it needs beyond journal and broker; nothing here."""

    def live(self, fuse: Fuse, act: Callable[[PaperTrader], None]) -> PaperTrader | None:
        """Start a trader and let it act; return it, or None when it crashed."""
        journal = MemoryJournal(self.log)
        broker = PaperBroker(self.book)
        try:
            trader = PaperTrader(
                self.setup, self.setup_id, FragileJournal(journal, fuse),  # type: ignore[arg-type]
                FragileBroker(broker, self.book, fuse), SimClock(1), wire=self.wire,
            )  # fmt: skip
            self.equip(trader)
            trader.recover()
            act(trader)
        except CrashError:
            return None
        else:
            return trader
        finally:
            broker.close()
            journal.close()


def trade_on(
    place: Place,
    crash_at: int | None = None,
    arm: Callable[[], None] | None = None,
    arm_at: int = 0,
) -> Callable[[PaperTrader], None]:
    """Return what a trader does with its life: the feed from where it stands, in small batches.

    At the event `arm_at` something is armed; at `crash_at`, at the latest, it crashes between two
    messages, with what waits uncommitted.
    """
    events = place.setup.events()

    def act(trader: PaperTrader) -> None:
        def observe(_answers: list[Message]) -> None:
            if arm and trader.next == arm_at:
                arm()
            if crash_at is not None and trader.next >= crash_at:
                raise CrashError("between messages")

        feed = feed_messages(place.setup, events, trader.next, fed=trader.fed)
        trader.run(feed, batch=40, observe=observe)

    return act


def crash_once(place: Place, rng: random.Random, leap: int) -> str:
    """Let a trader crash within so many events of the last commit; return where it was."""
    cursor = place.log.inbox["paper"][0] if "paper" in place.log.inbox else 0
    kind = rng.choice(("between", "start", "write", "write", "write"))
    if kind == "start":
        fuse = Fuse(1, rng.choice(MOMENTS), rng.choice(("", *SENDING)))
        act = trade_on(place, cursor + 1)
    else:
        arm_at = cursor + rng.randint(1, leap)
        fuse = Fuse(0, rng.choice(MOMENTS), rng.choice(("commit", *SENDING)))

        def arm() -> None:
            fuse.at = fuse.done + 1

        latest = arm_at if kind == "between" else arm_at + leap
        act = trade_on(place, latest, arm if kind == "write" else None, arm_at)
    assert place.live(fuse, act) is None
    return ("start, " if kind == "start" else "") + (fuse.burnt or "between messages")

"""A strategy that asks for what a test has written down, bar by bar, at a venue."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from assay.model.messages import Message
from assay.model.time import MINUTE, SECOND
from assay.runtime.ids import Rng
from tests.sim.venue_desk import VenueDesk

Asked = dict[int, dict[str, int]]
LAST_ORDER, FIRST_TICKET, LAST_TICKET = -7, -8, -9
NAMED = {LAST_ORDER: "last_order", FIRST_TICKET: "first_ticket", LAST_TICKET: "last_ticket"}
"""Numbers that stand for what the position refers to."""
SCRIPT = '''"""Ask for what is written, EURUSD alone."""

NAME = "script"
PARAMETERS = {{}}
REFERENCE_COSTS = False
ASKED = {asked!r}
NAMED = {named!r}


def memory_words(params):
    return 1


def decide(memory, event, position, params, intent):
    asked = ASKED.get(int(memory[0]), {{}}) if event["instrument"] == 0 else {{}}
    memory[0] += 1
    intent["quantity"] = 0
    for name, value in asked.items():
        intent[name] = position[NAMED[value]] if value in NAMED else value
'''


class Scripted:
    """Hold a desk, the life of its trader, and the prices that the test shows."""

    def __init__(self, desk: VenueDesk) -> None:
        self.desk, self.life = desk, desk.start()
        self.position = self.life.trader.topology.desk.world.positions[0, 0]

    def show(self, bid: int, *, spread: int = 10, after: int = 2 * SECOND) -> None:
        """Show a quote of EURUSD and let everybody hear what comes of it."""
        self.desk.quote("EURUSD", bid, spread, after=after)
        self.life.turn()

    def bar(self, bid: int) -> None:
        """Show a quote a minute later, so that the bar before closes."""
        self.show(bid, after=MINUTE)
        self.life.turn()

    def told(self, kind: type[Message]) -> list[Any]:
        """Return the messages of a kind."""
        return [each for each in self.desk.log.messages if isinstance(each, kind)]

    def held(self) -> Any:
        """Return the one position of the terminal."""
        positions = self.desk.rig.terminal.positions_get()
        assert positions
        assert len(positions) == 1
        return positions[0]

    def resting(self) -> list[Any]:
        """Return the orders that rest at the terminal."""
        return list(self.desk.rig.terminal.orders_get() or ())

    def arm(self, rng: Rng) -> None:
        """Let the trader die at one of its next steps."""
        fuse = self.life.fuse
        fuse.done, fuse.at = 0, rng.randint(1, 6)
        fuse.moment, fuse.burnt = rng.choice(("before", "after")), ""

    def restart(self) -> None:
        """End the trader and start it again from its journal."""
        self.life.end()
        self.life = self.desk.start()
        self.position = self.life.trader.topology.desk.world.positions[0, 0]


@contextmanager
def scripted(path: Path, asked: Asked, **changes: Any) -> Iterator[Scripted]:
    """Open a desk whose strategy asks for so much at its bars, counted from 0."""
    made, stage = changes.pop("made", VenueDesk), None
    desk = made(path, strategy="script", **changes)
    try:
        text = SCRIPT.format(asked=asked, named=NAMED)
        desk.home.folder("strategies").joinpath("script.py").write_text(text, encoding="utf-8")
        stage = Scripted(desk)
        stage.bar(110_000)
        yield stage
    finally:
        if stage is not None:
            stage.life.end()
        desk.close()

"""A run's journal followed by a desk of its own: how the account stood at any moment of it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

import msgspec

from assay.apps.lab.runs.drivers import PLATFORM
from assay.apps.lab.runs.setup import Setup
from assay.apps.lab.twins.facts import FactBook
from assay.model.accounts import CommissionSchedule
from assay.model.errors import DataError
from assay.model.messages import (
    BarClosed,
    Message,
    OrderSubmitted,
    PositionReported,
    Predicted,
    Tick,
    TradingHalted,
    TradingResumed,
    decode_message,
    encode_message,
)
from assay.runtime.ids import IdSource
from assay.trading.engine.acting import ACTS
from assay.trading.engine.module import TradingDesk
from assay.trading.engine.told import TOLD
from assay.trading.engine.venue import VENUE_MESSAGES

QUOTES = (Tick, BarClosed)
STEERING = (
    Predicted, TradingHalted, TradingResumed, *TOLD, *ACTS,
)  # fmt: skip
"""What a desk hears beside prices; the twin hears the same."""
KINDS = tuple(
    sorted({kind.__name__ for kind in (*QUOTES, *STEERING, *VENUE_MESSAGES, *FactBook.reads)})
)
"""What the re-run of a day reads of a journal, by tag."""


class TrailState(msgspec.Struct, frozen=True, array_like=True):
    """Hold how far a trail has come, between two days; orders are their messages' bytes."""

    desk: bytes
    decided: dict[int, int]
    sent: list[int]
    widened: list[int]
    submitted: list[bytes]
    protected: dict[str, tuple[int, int]]


class Thoughts:
    """Note what a strategy remembers after each bar."""

    def __init__(self, setup: Setup) -> None:
        self._places = {symbol: place for place, symbol in enumerate(setup.symbols)}
        self._digests: dict[str, dict[int, int]] = defaultdict(dict)

    def take(self, message: Message, desk: TradingDesk) -> None:
        """Note what is remembered, after a bar or a forecast of it."""
        if isinstance(message, BarClosed | Predicted):
            memory = desk.world.memory[0, self._places[message.symbol]]
            self._digests[message.symbol][message.ts_event] = hash(memory.tobytes())

    def compare(self, other: Thoughts) -> dict[str, list[tuple[int, bool]]]:
        """Return by symbol the closes of bars of either, and whether both remembered the same."""
        found = {}
        for symbol in self._places:
            ours, theirs = self._digests[symbol], other._digests[symbol]  # noqa: SLF001
            found[symbol] = [
                (ts, ours.get(ts) == theirs.get(ts)) for ts in sorted({*ours, *theirs})
            ]
        return found


@dataclass(slots=True)
class LiveTrail:
    """Follow a run's journal with a desk of its own, so that any day's start is at hand.

    It hears what the desk heard; that it comes to the same orders is checked. Where a venue fills,
    the twin pays the `commission` that is expected of it.
    """

    setup: Setup
    commission: CommissionSchedule | None = None
    desk: TradingDesk = field(init=False)
    facts: FactBook = field(init=False)
    thoughts: Thoughts = field(init=False)
    submitted: dict[int, OrderSubmitted] = field(default_factory=dict)
    protected: dict[str, tuple[int, int]] = field(default_factory=dict)
    _derived: list[int] = field(default_factory=list)
    _recorded: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.desk = self.setup.desk(IdSource(PLATFORM).next)
        self.facts, self.thoughts = FactBook(self.setup), Thoughts(self.setup)

    def take(self, message: Message) -> None:
        """Take in one message of the journal, in its order."""
        account = self.setup.account.id
        if isinstance(message, OrderSubmitted) and message.account == account:
            self._recorded.append(message.key)
            self.submitted[message.key] = message
        if isinstance(message, PositionReported) and message.own:
            self.protected[message.symbol] = (message.stop, message.target)
        self.facts.take(message)
        hear = self.desk.route(type(message))
        if hear is None or not _is_heard(message):
            return
        for answer in hear(message):
            if isinstance(answer, OrderSubmitted):
                self._derived.append(answer.key)
        self.thoughts.take(message, self.desk)

    def save(self) -> TrailState:
        """Return how far it has come."""
        facts = self.facts
        return TrailState(
            self.desk.snapshot(), facts.decided, sorted(facts.facts.sent),
            sorted(facts.facts.widened), [encode_message(each) for each in self.submitted.values()],
            self.protected,
        )  # fmt: skip

    def resume(self, state: TrailState) -> None:
        """Go on where another had come; raise DataError where instruments are others."""
        self.desk.restore(state.desk)
        self.facts.decided.update(state.decided)
        self.facts.facts.sent |= {*state.sent}
        self.facts.facts.widened |= {*state.widened}
        self.protected = dict(state.protected)
        for payload in state.submitted:
            order = decode_message(payload)
            assert isinstance(order, OrderSubmitted)
            self.submitted[order.key] = order

    def require_agreement(self) -> None:
        """Raise DataError where the desk came to other orders than the journal holds."""
        if self._derived != self._recorded:
            raise DataError(
                f"run again, the live day gives {len(self._derived)} orders and the journal holds "
                f"{len(self._recorded)}, not all the same; take the version and the settings that "
                "traded it"
            )
        self._derived.clear()
        self._recorded.clear()


def _is_heard(message: Message) -> bool:
    return isinstance(message, (*QUOTES, *STEERING, *VENUE_MESSAGES))

"""A day that was traded, and the same day once more: no venue, no delay, all that was recorded."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from assay.apps.lab.runs.setup import Setup
from assay.apps.lab.twins.days import DaySpan
from assay.apps.lab.twins.facts import SideBook
from assay.apps.lab.twins.journaldesk import QUOTES, STEERING, LiveTrail, Thoughts
from assay.apps.lab.twins.takeover import take_over
from assay.books.analytics.twinday import DaySide, LiveFacts, Mark
from assay.books.analytics.twinsplit import DayOpening, TwinSplit, split_day
from assay.books.ledger.position import Position
from assay.model.errors import UsageError
from assay.model.messages import (
    BarClosed,
    Message,
    Tick,
)
from assay.trading.engine.world import World


@dataclass(slots=True)
class DayRerun:
    """Hold both sides of a day, what the journal says of the live one, and how it began.

    `equity` is the account's worth as the day began; `is_over` says that a price after the day
    was seen.
    """

    live: DaySide
    twin: DaySide
    facts: LiveFacts
    opening: DayOpening
    marks: dict[str, Mark]
    equity: int
    quotes: int
    at_mid: bool
    is_over: bool

    def split(self) -> TwinSplit:
        """Return what made the difference."""
        sides = self.live, self.twin
        return split_day(sides, self.facts, self.opening, self.marks, at_mid=self.at_mid)


def rerun_day(
    trail: LiveTrail, journal: Iterable[Message], span: DaySpan,
    heard: Sequence[Tick | BarClosed] | None = None,
) -> DayRerun:  # fmt: skip
    """Return a day of a run and its twin; the journal is the run's, from where the trail has come.

    The twin begins as the live side stood, decides on the same, and its orders fill in the engine
    at once. With `heard` it gets these prices instead of those that the journal holds. The trail
    ends before the first price after the day.
    """
    messages = iter(journal)
    first = _go_to(trail, messages, span)
    if first is None:
        raise UsageError("the journal holds no price of that day; name another --day")
    return run_twin(trail, first, messages, (span, heard))


def _go_to(trail: LiveTrail, messages: Iterator[Message], span: DaySpan) -> Message | None:
    """Follow a journal to the first price of a day and return that, not taken yet."""
    for message in messages:
        if isinstance(message, QUOTES) and (place := span.place(message)) >= 0:
            return message if place == 0 else None
        trail.take(message)
    return None


def run_twin(
    trail: LiveTrail, first: Message, messages: Iterator[Message],
    what: tuple[DaySpan, Sequence[Tick | BarClosed] | None],
) -> DayRerun:  # fmt: skip
    """Run the day that begins with a message, with a twin beside the trail."""
    (span, heard), setup = what, trail.setup
    trail.require_agreement()
    world = trail.desk.world
    known = trail.submitted, trail.protected
    twin = take_over(trail.desk, setup, trail.commission, known)
    opening, equity = _opening(setup, world), _equity(world)
    trail.facts.begin_day()
    trail.thoughts = Thoughts(setup)
    inputs: list[Message] = []
    is_over, message = False, first
    while True:
        if isinstance(message, QUOTES) and span.place(message) > 0:
            is_over = True
            break
        if isinstance(message, (*QUOTES, *STEERING)):
            inputs.append(message)
        trail.take(message)
        following = next(messages, None)
        if following is None:
            break
        message = following
    trail.require_agreement()
    facts = trail.facts.facts
    seen = [each for each in inputs if isinstance(each, QUOTES)]
    if heard is not None:
        facts.unseen_quotes, facts.unseen_bars = find_unseen(seen, heard)
        inputs = [*_steered(inputs, heard)]
    book, thoughts = SideBook(setup, trail.facts.decided), Thoughts(setup)
    for each in inputs:
        book.see(each)
        hear = twin.route(type(each))
        for answer in hear(each) if hear is not None else ():
            book.take(answer)
        thoughts.take(each, twin)
    facts.steps = trail.thoughts.compare(thoughts)
    return DayRerun(
        live=trail.facts.side.finish(), twin=book.finish(), facts=facts, opening=opening,
        marks=_marks(setup, world), equity=equity, quotes=len(seen),
        at_mid=setup.account.mark == "mid", is_over=is_over,
    )  # fmt: skip


def _opening(setup: Setup, world: World) -> DayOpening:
    rows = zip(setup.symbols, world.positions[0], strict=True)
    held = {
        symbol: Position(int(row["quantity"]), int(row["cost"]))
        for symbol, row in rows
        if row["quantity"]
    }
    return DayOpening(held, int(world.positions[0]["unrealised"].sum()))


def _equity(world: World) -> int:
    return int(world.accounts[0]["balance"] + world.accounts[0]["unrealised"])


def _marks(setup: Setup, world: World) -> dict[str, Mark]:
    found = {}
    for symbol, market, terms in zip(setup.symbols, world.markets, world.instruments, strict=True):
        worth, leg = int(terms["value_num"]) / int(terms["value_den"]), int(market["leg_bid"])
        if leg:
            worth = worth / leg if terms["leg_divides"] else worth * leg
        found[symbol] = Mark(int(market["bid"]), int(market["ask"]), worth)
    return found


def _steered(inputs: Iterable[Message], heard: Sequence[Tick | BarClosed]) -> Iterator[Message]:
    """Yield prices with what steered the desk, each before the first price that is later."""
    steering = iter([each for each in inputs if not isinstance(each, QUOTES)])
    waiting = next(steering, None)
    for price in heard:
        while waiting is not None and waiting.ts_event < price.ts_event:
            yield waiting
            waiting = next(steering, None)
        yield price
    if waiting is not None:
        yield waiting
    yield from steering


def find_unseen(
    seen: Iterable[Tick | BarClosed], heard: Iterable[Tick | BarClosed]
) -> tuple[dict[str, list[int]], dict[str, list[int]]]:
    """Return when quotes, and when bars, came that are of one side alone, by symbol."""
    ours, theirs = (Counter(_content(each) for each in side) for side in (seen, heard))
    found: tuple[dict[str, list[int]], ...] = (defaultdict(list), defaultdict(list))
    for content in [*(ours - theirs), *(theirs - ours)]:
        found[content[0] == "bar"][content[1]].append(content[2])
    quotes, bars = ({symbol: sorted(times) for symbol, times in each.items()} for each in found)
    return quotes, bars


def _content(message: Tick | BarClosed) -> tuple[Any, ...]:  # Any: of two types of message
    if isinstance(message, Tick):
        return "tick", message.symbol, message.ts_event, message.bid, message.ask
    return (
        "bar", message.symbol, message.ts_event, message.open, message.high, message.low,
        message.close, message.spread_open, message.spread_high, message.spread_low,
        message.spread_close,
    )  # fmt: skip

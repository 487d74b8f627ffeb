"""Gather the bars that several instruments close at one time, and name who is missing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from assay.model.errors import UsageError
from assay.model.messages import BarClosed, BarSetClosed, Message, Tick
from assay.model.time import SECOND

DEADLINE = 2 * SECOND
NEVER = 2**63 - 1


@dataclass(slots=True)
class BarSetState:
    """Hold event time, the sets in the making, the last one closed, and what came late.

    Times are in ns UTC. `waiting` is by (timeframe, close) the id of each symbol's bar; `closed`
    is by timeframe the close of the last set; `unreported` are the symbols of late bars that no
    set has told yet, and `late` counts all of them by symbol.
    """

    now: int = 0
    waiting: dict[tuple[int, int], dict[str, int]] = field(default_factory=dict)
    closed: dict[int, int] = field(default_factory=dict)
    unreported: list[str] = field(default_factory=list)
    late: dict[str, int] = field(default_factory=dict)


_Bars = list[tuple[str, int]]
_Saved = tuple[
    int,
    list[tuple[tuple[int, int], _Bars]],
    list[tuple[int, int]],
    list[str],
    list[tuple[str, int]],
]


class BarSetBuilder:
    """Tell when every instrument of a timeframe has closed its bar of one time.

    A set is published with the last bar it waits for, or once event time reaches its close plus
    the deadline; then it names the symbols that are missing. Event time is the greatest `ts_event`
    of the bars and ticks that came, or what `close_until` says. Sets of a timeframe are published
    in the order of their closes. A bar that comes after its set was published opens none again: it
    is counted, and the next set names it. Raises UsageError for a deadline below 1 ns and for a
    timeframe with a single symbol.
    """

    consumes = (BarClosed, Tick)
    publishes = (BarSetClosed,)

    def __init__(
        self,
        members: Mapping[int, Sequence[str]],
        next_id: Callable[[], int],
        deadline: int = DEADLINE,
    ) -> None:
        if deadline < 1:
            raise UsageError(f"a deadline of {deadline} ns leaves no time; use at least 1")
        for timeframe, symbols in members.items():
            if len(set(symbols)) < max(len(symbols), 2):
                raise UsageError(
                    f"the sets of {timeframe / SECOND:g} s have the symbols {', '.join(symbols)}; "
                    "name two or more, each once"
                )
        self._members = {timeframe: tuple(symbols) for timeframe, symbols in members.items()}
        self._known = {timeframe: frozenset(each) for timeframe, each in self._members.items()}
        self._next_id, self.deadline = next_id, deadline
        self._state = BarSetState()
        self._due = NEVER
        # Any: each method takes the one type of message that is its key.
        self._takers: dict[type[Message], Callable[[Any], list[Message] | None]] = {
            BarClosed: self._take_bar,
            Tick: self._take_tick,
        }

    @property
    def late(self) -> dict[str, int]:
        """Return how many bars of each symbol came after their set."""
        return dict(self._state.late)

    def handle(self, message: Message) -> Iterable[Message]:
        """Return the sets that one market message closes, in order."""
        take = self._takers.get(type(message))
        return (take(message) or ()) if take else ()

    def route(self, kind: type[Message]) -> Callable[[Any], list[Message] | None] | None:
        """Return what takes a type of message; None where nothing does."""
        return self._takers.get(kind)

    def close_until(self, now: int) -> list[Message]:
        """Return the sets whose deadline is at or before `now` (ns UTC), the earliest first."""
        return self._move(now, 0, now) or []

    def _take_tick(self, tick: Tick) -> list[Message] | None:
        return self._move(tick.ts_event, tick.id, tick.ts_init)

    def _take_bar(self, bar: BarClosed) -> list[Message] | None:
        close, state, told = bar.ts_event, self._state, None
        key = bar.timeframe, close
        if close != state.now:
            told = self._move(close, bar.id, bar.ts_init)
        if bar.symbol not in self._known.get(bar.timeframe, ()):
            return told
        bars = state.waiting.get(key)
        if bars is None:
            bars = self._open(bar)
        if bars is None:
            state.late[bar.symbol] = state.late.get(bar.symbol, 0) + 1
            state.unreported.append(bar.symbol)
            return told
        bars.setdefault(bar.symbol, bar.id)
        if len(bars) < len(self._members[bar.timeframe]):
            return told
        # Everybody is past this close, so whoever misses an earlier one has none to give.
        past = sorted(each for each in state.waiting if each[0] == key[0] and each[1] <= close)
        return [*(told or ()), *(self._close(each, close, bar.id, bar.ts_init) for each in past)]

    def _open(self, bar: BarClosed) -> dict[str, int] | None:
        close, state = bar.ts_event, self._state
        due = close + self.deadline
        if due <= state.now or close <= state.closed.get(bar.timeframe, -1):
            return None
        bars = state.waiting[bar.timeframe, close] = {}
        self._due = min(self._due, due)
        return bars

    def _move(self, now: int, cause: int, ts_init: int) -> list[Message] | None:
        state = self._state
        state.now = max(state.now, now)
        if now < self._due:
            return None
        passed = now - self.deadline
        # Of one close, the longer timeframe goes first.
        keys = sorted((key for key in state.waiting if key[1] <= passed), key=_order)
        return [self._close(key, key[1] + self.deadline, cause, ts_init) for key in keys]

    def _close(self, key: tuple[int, int], ts: int, cause: int, ts_init: int) -> BarSetClosed:
        state, (timeframe, close) = self._state, key
        bars = state.waiting.pop(key)
        state.closed[timeframe] = max(close, state.closed.get(timeframe, close))
        self._due = self._next_due()
        late, state.unreported = tuple(state.unreported), []
        members = self._members[timeframe]
        missing: tuple[str, ...] = ()
        if len(bars) < len(members):
            missing = tuple(symbol for symbol in members if symbol not in bars)
            members = tuple(symbol for symbol in members if symbol in bars)
        return BarSetClosed(
            id=self._next_id(), cause=cause, ts_event=ts, ts_init=max(ts_init, ts),
            timeframe=timeframe, ts_close=close,
            symbols=members, bars=tuple(map(bars.__getitem__, members)), missing=missing,
            late=late,
        )  # fmt: skip

    def _next_due(self) -> int:
        waiting = self._state.waiting
        return min(close for _, close in waiting) + self.deadline if waiting else NEVER

    def snapshot(self) -> bytes:
        """Return the state; equal states give equal bytes."""
        state = self._state
        waiting = [(key, sorted(bars.items())) for key, bars in sorted(state.waiting.items())]
        closed, late = sorted(state.closed.items()), sorted(state.late.items())
        return msgspec.msgpack.encode((state.now, waiting, closed, state.unreported, late))

    def restore(self, state: bytes) -> None:
        """Take up a snapshot."""
        now, waiting, closed, unreported, late = msgspec.msgpack.decode(state, type=_Saved)
        bars = {key: dict(each) for key, each in waiting}
        self._state = BarSetState(now, bars, dict(closed), unreported, dict(late))
        self._due = self._next_due()


def _order(key: tuple[int, int]) -> tuple[int, int]:
    timeframe, close = key
    return close, -timeframe

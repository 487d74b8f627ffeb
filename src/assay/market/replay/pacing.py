"""Slow a replay down to a multiple of the market's own pace, on an injected clock."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar

from assay.model.errors import UsageError
from assay.model.messages import Message

MessageT = TypeVar("MessageT", bound=Message)
SPEED_MAX = 1e9


class Clock(Protocol):
    """Tell the time in nanoseconds and wait for a moment."""

    def now_ns(self) -> int: ...

    def wait_until(self, ns: int) -> None: ...


def parse_speed(text: str) -> float | None:
    """Read `max` (None) or a multiple such as `60` or `60x`; raise UsageError for the rest.

    >>> parse_speed("60x"), parse_speed("max")
    (60.0, None)
    """
    if text.strip().lower() == "max":
        return None
    try:
        speed = float(text.strip().lower().removesuffix("x"))
    except ValueError:
        speed = 0.0
    if not 0 < speed <= SPEED_MAX:
        raise UsageError(f"speed {text!r} is neither max nor a multiple such as 1, 60 or 60x")
    return speed


def pace(
    events: Iterable[MessageT], clock: Clock, speed: float | None, *, longest_wait: int = 0
) -> Iterator[MessageT]:
    """Yield events when their time has come: `speed` market seconds a second, None without wait.

    With `longest_wait` (ns) a longer silence, such as a weekend, is cut to that.
    """
    if speed is None:
        yield from events
        return
    due, last = clock.now_ns(), None
    for event in events:
        if last is not None:
            wait = int(max(0, event.ts_event - last) / speed)
            due += min(wait, longest_wait) if longest_wait else wait
            clock.wait_until(due)
        last = event.ts_event
        yield event

"""The one home of ambient time: every other file is given a clock."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

from assay.model.errors import InvariantError, RetryError
from assay.model.time import SECOND

_SLICE = SECOND // 4
_PAUSE_S, _LATENESS = 0.25, 0.1


class Clock(Protocol):
    """Tell the time in nanoseconds UTC and wait for a moment."""

    def now_ns(self) -> int: ...

    def wait_until(self, ns: int) -> None: ...


class SystemClock:
    """Read the time of the machine."""

    def now_ns(self) -> int:
        """Return nanoseconds since 1970 UTC."""
        return time.time_ns()

    def wait_until(self, ns: int) -> None:
        """Sleep until `ns`; return at once when it has passed.

        Whoever sets the machine's clock back meanwhile makes nobody wait longer.
        """
        left = ns - time.time_ns()
        end = time.monotonic_ns() + left
        while left > 0:
            time.sleep(min(left, _SLICE) / SECOND)
            left = min(ns - time.time_ns(), end - time.monotonic_ns())


class SimClock:
    """Hold a time that moves only when told, and never back."""

    def __init__(self, start: int = 0) -> None:
        self._now = start

    def now_ns(self) -> int:
        """Return the simulated nanoseconds since 1970 UTC."""
        return self._now

    def advance_to(self, ns: int) -> None:
        """Move to `ns`; raise InvariantError for an earlier moment."""
        if ns < self._now:
            raise InvariantError(f"simulated time {self._now} cannot go back to {ns}")
        self._now = ns

    def wait_until(self, ns: int) -> None:
        """Jump to `ns` when it lies ahead."""
        self._now = max(self._now, ns)


class Stopwatch:
    """Measure elapsed time on the machine's steady counter, which never jumps."""

    def __init__(self) -> None:
        self._start = time.perf_counter_ns()

    def elapsed_ns(self) -> int:
        """Return nanoseconds since the start or the last restart."""
        return time.perf_counter_ns() - self._start

    def elapsed(self) -> float:
        """Return seconds since the start or the last restart."""
        return self.elapsed_ns() / SECOND

    def restart(self) -> int:
        """Start again and return the nanoseconds that had passed."""
        now = time.perf_counter_ns()
        passed, self._start = now - self._start, now
        return passed


class Deadline:
    """Hold a span of seconds that runs out, whatever the wall clock does."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    def remaining(self) -> float:
        """Return the seconds left, never below zero."""
        return max(0.0, self._end - time.monotonic())

    def has_passed(self) -> bool:
        """Return whether the span is over."""
        return time.monotonic() >= self._end

    def pause(self, seconds: float = 0.01) -> None:
        """Sleep `seconds`, but no longer than what remains."""
        time.sleep(min(seconds, self.remaining()))


def wait_for(condition: Callable[[], bool], *, seconds: float, step: float = 0.01) -> bool:
    """Poll until the condition holds; return False when `seconds` pass first.

    The pauses grow from `step` with the time waited: what took long is seen a tenth later at most.
    """
    deadline, watch = Deadline(seconds), Stopwatch()
    while not condition():
        if deadline.has_passed():
            return False
        deadline.pause(max(step, min(_PAUSE_S, _LATENESS * watch.elapsed())))
    return True


def require_within(
    condition: Callable[[], bool], what: str, *, seconds: float, step: float = 0.01
) -> None:
    """Poll until the condition holds; raise RetryError naming `what` when `seconds` pass first."""
    if not wait_for(condition, seconds=seconds, step=step):
        raise RetryError(f"{what} did not happen within {seconds:g} s; try again")

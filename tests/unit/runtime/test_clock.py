from __future__ import annotations

import pytest

from assay.model.errors import InvariantError, RetryError
from assay.model.time import HOUR, SECOND
from assay.runtime.clock import (
    Clock,
    Deadline,
    SimClock,
    Stopwatch,
    SystemClock,
    require_within,
    wait_for,
)


def test_simulated_time_moves_only_forward() -> None:
    clock = SimClock(5)
    clock.advance_to(7)
    clock.wait_until(6)
    assert clock.now_ns() == 7
    clock.wait_until(9)
    assert clock.now_ns() == 9
    with pytest.raises(InvariantError, match="9 cannot go back to 8"):
        clock.advance_to(8)


def test_system_time_reaches_the_moment_it_waits_for() -> None:
    clock: Clock = SystemClock()
    moment = clock.now_ns() + SECOND // 100
    clock.wait_until(moment)
    assert clock.now_ns() >= moment
    clock.wait_until(0)


def test_waiting_ends_with_the_condition_or_the_deadline() -> None:
    answers = iter((False, False, True))
    assert wait_for(lambda: next(answers), seconds=10, step=0)
    assert not wait_for(lambda: False, seconds=0)
    with pytest.raises(RetryError, match="the tide did not happen within 0 s"):
        require_within(lambda: False, "the tide", seconds=0)


def test_a_deadline_and_a_stopwatch_count_real_time() -> None:
    watch = Stopwatch()
    deadline = Deadline(0.02)
    assert 0 < deadline.remaining() <= 0.02
    deadline.pause(5)
    assert deadline.has_passed()
    assert deadline.remaining() == 0
    assert watch.elapsed_ns() > 0
    assert watch.restart() > 0


class SetBack:
    """Be a machine whose clock somebody sets back by two hours while everybody sleeps."""

    def __init__(self) -> None:
        self.wall, self.steady = 10 * HOUR, 0

    def time_ns(self) -> int:
        return self.wall

    def monotonic_ns(self) -> int:
        return self.steady

    def sleep(self, seconds: float) -> None:
        if not self.steady:
            self.wall -= 2 * HOUR
        slept = round(seconds * SECOND)
        self.steady, self.wall = self.steady + slept, self.wall + slept


def test_a_clock_that_is_set_back_makes_nobody_wait_longer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    machine = SetBack()
    monkeypatch.setattr("assay.runtime.clock.time", machine)
    clock = SystemClock()
    clock.wait_until(clock.now_ns() + SECOND)
    assert machine.steady == SECOND

"""Which source serves and which is believed, told by hand."""

from __future__ import annotations

import pytest

from assay.market.consensus import (
    Change,
    Disputed,
    Skewed,
    SourceSelector,
    Suspected,
    Switched,
    Verdict,
)
from assay.model.time import DAY, SECOND

START = 1_561_360_000 * SECOND
MILLI = SECOND // 1_000
FIRST, SECOND_BEST, THIRD, NOBODY = 0, 1, 2, -1


class Stage:
    """Let sources speak at times that are told, and keep what passed and what changed."""

    def __init__(self, sources: int) -> None:
        self.selector, self.sources = SourceSelector(sources), sources
        self.now = START
        self.passed: list[tuple[int, int]] = []
        self.changes: list[Change] = []

    def say(self, source: int, bid: int, *, after: int = 50 * MILLI, old: int = 0) -> Verdict:
        """Let a source quote a bid, ten points below its ask; its time is `old` before now."""
        self.now += after
        verdict = self.selector.quote(source, self.now, self.now - old, bid, bid + 10)
        if verdict.passes:
            self.passed.append((source, bid))
        self.changes += verdict.changes
        return verdict

    def say_all(self, bid: int, *, rounds: int = 1, but: tuple[int, ...] = ()) -> None:
        for _ in range(rounds):
            for source in range(self.sources):
                if source not in but:
                    self.say(source, bid, after=100 * MILLI)

    def unlink(self, source: int, *, linked: bool = False) -> None:
        self.now += MILLI
        self.changes += self.selector.link(source, self.now, linked=linked)


def test_the_first_in_rank_serves_and_the_others_confirm_it() -> None:
    stage = Stage(2)
    assert not stage.say(FIRST, 110_000).confirmed
    assert not stage.say(SECOND_BEST, 110_002).passes
    assert stage.say(FIRST, 110_001) == Verdict(passes=True, confirmed=True, changes=[])
    assert stage.passed == [(FIRST, 110_000), (FIRST, 110_001)]


def test_a_link_that_ends_hands_over_at_once_and_back_after_a_while() -> None:
    stage = Stage(2)
    stage.say_all(110_000, rounds=5)
    stage.unlink(FIRST)
    assert stage.changes == [Switched(SECOND_BEST, FIRST, "unlinked")]
    assert stage.say(SECOND_BEST, 110_003).passes
    stage.unlink(FIRST, linked=True)
    stage.say_all(110_000, rounds=100)
    assert len(stage.changes) == 1, "twenty seconds are too few to return"
    stage.say_all(110_000, rounds=60)
    assert stage.changes[1:] == [Switched(FIRST, SECOND_BEST, "returned")]
    times = len(stage.passed)
    stage.say_all(110_000, rounds=3)
    assert stage.passed[times:] == [(FIRST, 110_000)] * 3


def test_silence_counts_only_while_others_speak() -> None:
    stage = Stage(2)
    stage.say_all(110_000, rounds=5)
    stage.now += 2 * DAY
    stage.say(SECOND_BEST, 110_000)
    assert stage.selector.serving == FIRST, "both were silent; the first may be about to speak"
    begun = stage.now
    while stage.selector.serving == FIRST:
        stage.say(SECOND_BEST, 110_000, after=200 * MILLI)
    assert stage.changes == [Switched(SECOND_BEST, FIRST, "silent")]
    assert stage.now - begun < 4 * SECOND


def test_a_source_of_few_quotes_is_not_silent_at_its_usual_lull() -> None:
    stage = Stage(2)
    for _ in range(5):
        stage.say(FIRST, 110_000, after=100 * MILLI)
        for _ in range(20):
            stage.say(SECOND_BEST, 110_000, after=190 * MILLI)
    # The first lull was longer than anybody could expect.
    assert [each.reason for each in stage.changes if isinstance(each, Switched)] == ["silent"]


def test_a_lone_leap_never_passes() -> None:
    stage = Stage(2)
    stage.say_all(110_000, rounds=20)
    assert not stage.say(FIRST, 109_900).passes
    assert stage.say(FIRST, 110_001).passes
    assert stage.changes == []


def test_a_move_that_the_other_follows_passes_once_it_has() -> None:
    stage = Stage(2)
    stage.say_all(110_000, rounds=20)
    told = [stage.say(FIRST, 109_900).passes]
    stage.say(SECOND_BEST, 109_902)
    told.append(stage.say(FIRST, 109_901).passes)
    assert told == [False, True]
    assert stage.changes == []


def test_of_two_the_one_whose_jump_nobody_confirms_is_suspect() -> None:
    stage = Stage(2)
    stage.say_all(110_000, rounds=20)
    while stage.selector.serving == FIRST:
        stage.say(FIRST, 109_900)
        stage.say(SECOND_BEST, 110_001)
    assert stage.changes == [
        Suspected(FIRST, True, 101, 30), Switched(SECOND_BEST, FIRST, "suspect")
    ]  # fmt: skip
    assert (FIRST, 109_900) not in stage.passed
    stage.say_all(110_000, rounds=60)
    assert stage.changes[2:] == [Suspected(FIRST, False, 0, 30)]
    stage.say_all(110_000, rounds=160)
    assert stage.changes[3:] == [Switched(FIRST, SECOND_BEST, "returned")]


def test_a_source_that_stands_still_while_the_other_moves_is_silent_not_right() -> None:
    stage = Stage(2)
    stage.say_all(110_000, rounds=20)
    while stage.selector.serving == FIRST:
        stage.say(SECOND_BEST, 109_900, after=150 * MILLI)
    assert stage.changes == [Switched(SECOND_BEST, FIRST, "silent")]
    assert stage.say(SECOND_BEST, 109_901).passes


def test_two_that_drift_apart_are_both_not_believed() -> None:
    stage = Stage(2)
    stage.say_all(110_000, rounds=20)
    for step in range(60):
        stage.say(FIRST, 110_000 + step)
        stage.say(SECOND_BEST, 110_000 - step)
    kinds = [type(each) for each in stage.changes]
    assert kinds == [Disputed, Switched]
    assert stage.changes[1] == Switched(NOBODY, FIRST, "disputed")
    assert all(abs(bid - 110_000) <= 16 for _, bid in stage.passed)
    count = len(stage.passed)
    stage.say_all(110_000, rounds=15)
    assert len(stage.passed) == count, "they must agree for a while first"
    stage.say_all(110_000, rounds=15)
    assert stage.changes[2:] == [Disputed(False, 0), Switched(FIRST, NOBODY, "returned")]
    assert len(stage.passed) > count


def test_of_three_the_median_tells() -> None:
    stage = Stage(3)
    stage.say_all(110_000, rounds=20)
    # The first walks off slowly, which no jump would tell.
    for step in range(40):
        stage.say(FIRST, 110_000 - 2 * step)
        stage.say(SECOND_BEST, 110_000)
        stage.say(THIRD, 110_001)
    assert [type(each) for each in stage.changes] == [Suspected, Switched]
    assert stage.selector.serving == SECOND_BEST
    assert all(bid >= 109_970 for _, bid in stage.passed)


@pytest.mark.parametrize("source", [FIRST, SECOND_BEST])
def test_a_backlog_is_not_the_market(source: int) -> None:
    stage = Stage(2)
    stage.say_all(110_000, rounds=20)
    stage.unlink(source)
    for _ in range(100):
        stage.say(1 - source, 110_000, after=100 * MILLI)
    changes, times = len(stage.changes), len(stage.passed)
    stage.unlink(source, linked=True)
    for left in range(100, 20, -1):
        assert not stage.say(source, 109_000, after=MILLI, old=left * 100 * MILLI).passes
    assert (len(stage.changes), len(stage.passed)) == (changes, times)


def test_a_quote_from_the_future_is_none() -> None:
    stage = Stage(2)
    stage.say_all(110_000, rounds=5)
    assert not stage.say(FIRST, 110_000, old=-60 * SECOND).passes
    assert stage.say(FIRST, 110_000).passes


def test_a_terminal_whose_clock_is_always_ahead_is_heard() -> None:
    stage = Stage(2)
    for _ in range(5):
        assert stage.say(FIRST, 110_000, old=-20 * SECOND).passes
    assert not stage.say(FIRST, 110_000, old=-26 * SECOND).passes


def test_nobody_serves_where_nobody_is_there() -> None:
    stage = Stage(2)
    stage.say_all(110_000, rounds=5)
    stage.unlink(SECOND_BEST)
    stage.unlink(FIRST)
    assert stage.changes == [Switched(NOBODY, FIRST, "unlinked")]
    assert stage.say(SECOND_BEST, 110_000).passes, "who speaks is there"
    assert stage.changes[1:] == [Switched(SECOND_BEST, NOBODY, "returned")]


HOUR = 3_600 * SECOND


def clocks(stage: Stage) -> list[Change]:
    """Return what was told of clocks, to the second."""
    return [
        each._replace(offset=round(each.offset / SECOND) * SECOND)
        for each in stage.changes
        if isinstance(each, Skewed)
    ]


def say_skewed(stage: Stage, source: int, *, old: int, rounds: int = 150) -> None:
    """Let both quote five times a second in all, one of them by a clock that is off."""
    for _ in range(rounds):
        stage.say(1 - source, 110_000, after=100 * MILLI)
        stage.say(source, 110_001, after=100 * MILLI, old=old)


def test_a_fallback_whose_clock_is_an_hour_behind_is_told_of_once() -> None:
    stage = Stage(2)
    stage.say_all(110_000)
    say_skewed(stage, SECOND_BEST, old=HOUR, rounds=140)
    assert stage.changes == [], "half a minute is needed to tell a clock from a line"
    say_skewed(stage, SECOND_BEST, old=HOUR, rounds=100)
    assert stage.changes == [Skewed(SECOND_BEST, True, -HOUR, FIRST)]
    # The clock is put right while the source serves nobody: it leaps and is heard at once.
    say_skewed(stage, SECOND_BEST, old=0, rounds=200)
    assert stage.changes[1:] == [Skewed(SECOND_BEST, False, 0, FIRST)]
    stage.unlink(FIRST)
    assert stage.changes[2:] == [Switched(SECOND_BEST, FIRST, "unlinked")]


def test_a_fallback_that_never_was_in_time_is_told_of_before_it_is_needed() -> None:
    stage = Stage(2)
    stage.say(FIRST, 110_000)
    say_skewed(stage, SECOND_BEST, old=HOUR, rounds=200)
    stage.unlink(FIRST)
    assert stage.changes == [
        Skewed(SECOND_BEST, True, -HOUR, FIRST), Switched(NOBODY, FIRST, "unlinked")
    ]  # fmt: skip
    # After an hour it does serve, for its time has come; it is not called right for that.
    stage.now += HOUR
    for _ in range(200):
        stage.say(SECOND_BEST, 110_000, after=200 * MILLI, old=HOUR)
    assert stage.changes[2:] == [Switched(SECOND_BEST, NOBODY, "returned")]


def test_a_fallback_whose_clock_is_ahead_is_told_of() -> None:
    stage = Stage(2)
    say_skewed(stage, SECOND_BEST, old=-HOUR, rounds=200)
    assert clocks(stage) == [Skewed(SECOND_BEST, True, HOUR, FIRST)]
    assert all(source == FIRST for source, _ in stage.passed)


@pytest.mark.parametrize("off", [-HOUR, HOUR])
def test_a_first_choice_that_leaves_its_own_time_is_told_of(off: int) -> None:
    stage = Stage(2)
    stage.say_all(110_000, rounds=20)
    say_skewed(stage, FIRST, old=-off, rounds=200)
    assert clocks(stage) == [Skewed(FIRST, True, off, SECOND_BEST)]
    assert stage.selector.serving == SECOND_BEST


def test_one_that_is_alone_and_leaves_its_own_time_is_told_of() -> None:
    stage = Stage(2)
    for _ in range(5):
        stage.say(FIRST, 110_000, after=200 * MILLI)
    for _ in range(200):
        stage.say(FIRST, 110_000, after=200 * MILLI, old=HOUR)
    assert clocks(stage) == [Skewed(FIRST, True, -HOUR, FIRST)]


def test_who_brings_what_it_missed_has_no_clock_that_is_off() -> None:
    stage = Stage(2)
    stage.say_all(110_000, rounds=20)
    stage.unlink(SECOND_BEST)
    for _ in range(100):
        stage.say(FIRST, 110_000, after=200 * MILLI)
    stage.unlink(SECOND_BEST, linked=True)
    # Four minutes of quotes come over a slow line in a minute, while the other goes on.
    for step in range(300):
        stage.say(FIRST, 110_000, after=100 * MILLI)
        stage.say(SECOND_BEST, 110_000, after=100 * MILLI, old=240 * SECOND - step * 800 * MILLI)
    assert clocks(stage) == []


def test_a_few_late_quotes_before_each_break_are_no_clock() -> None:
    stage = Stage(2)
    stage.say_all(110_000, rounds=20)
    for _ in range(6):
        stage.unlink(SECOND_BEST, linked=True)
        say_skewed(stage, SECOND_BEST, old=60 * SECOND, rounds=60)
        stage.unlink(SECOND_BEST)
    assert clocks(stage) == []

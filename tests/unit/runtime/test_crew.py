"""Who is late is left out and not waited for; its belated answer is dropped."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Event

import pytest

from assay.runtime.clock import Deadline
from assay.runtime.resilience import Absence, Crew


class Slow:
    """Answer at once but for the questions that it waits with until it is let go."""

    def __init__(self) -> None:
        self.may_go, self.has_gone = Event(), Event()

    def __call__(self, question: int) -> int:
        if question == 1:
            self.may_go.wait(30)
        self.has_gone.set()
        return 100 * question


@pytest.fixture
def slow() -> Iterator[Slow]:
    found = Slow()
    yield found
    found.may_go.set()


def refuse(question: int) -> int:
    if question == 2:
        raise ValueError("two")
    return question


def test_all_answer_in_their_order(slow: Slow) -> None:
    crew = Crew({"b": slow, "a": refuse})
    assert list(crew.ask(3, 30).items()) == [("b", 300), ("a", 3)]
    crew.close()


def test_one_that_raises_is_broken_and_asked_again(slow: Slow) -> None:
    crew = Crew({"a": refuse})
    assert crew.ask(2, 30) == {"a": Absence("broken", "ValueError: two")}
    assert crew.ask(3, 30) == {"a": 3}
    crew.close()


def test_one_that_is_late_is_not_waited_for_and_answers_later_questions(slow: Slow) -> None:
    crew = Crew({"slow": slow, "quick": refuse})
    assert crew.ask(1, 0.05) == {"slow": Absence("late"), "quick": 1}
    asked = Deadline(20)
    assert crew.ask(4, 30) == {"slow": Absence("late"), "quick": 4}
    assert asked.remaining() > 0
    slow.may_go.set()
    deadline = Deadline(30)
    while isinstance(crew.ask(5, 30)["slow"], Absence):
        assert not deadline.has_passed()
    assert crew.ask(6, 30) == {"slow": 600, "quick": 6}
    crew.close()

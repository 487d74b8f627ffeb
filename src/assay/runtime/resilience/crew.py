"""Ask several callables at once and take the answers that are there by a deadline."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, Generic, TypeVar

from assay.runtime.clock import Deadline

Answer = TypeVar("Answer")
LATE, BROKEN = "late", "broken"


@dataclass(frozen=True, slots=True)
class Absence:
    """Say why there is no answer: LATE or BROKEN, and what was raised."""

    why: str
    error: str = ""


class Crew(Generic[Answer]):
    """Keep a thread a callable, so that one that hangs holds up neither the others nor the asker.

    One that is still at an earlier question is not waited for; its belated answer is dropped.
    """

    def __init__(self, members: Mapping[str, Callable[[Any], Answer]]) -> None:
        self._workers = {name: _Worker(name, call) for name, call in members.items()}

    def ask(self, question: object, seconds: float) -> dict[str, Answer | Absence]:
        """Return each member's answer, in their order, or why it is absent, within `seconds`."""
        deadline = Deadline(seconds)
        asked = {name: worker.ask(question) for name, worker in self._workers.items()}
        return {
            name: worker.answer(deadline.remaining()) if asked[name] else Absence(LATE)
            for name, worker in self._workers.items()
        }

    def close(self) -> None:
        """End the threads that wait; one that hangs ends with the process."""
        for worker in self._workers.values():
            worker.close()


class _Worker(Generic[Answer]):
    def __init__(self, name: str, call: Callable[[Any], Answer]) -> None:
        self._call = call
        self._questions: SimpleQueue[tuple[int, object] | None] = SimpleQueue()
        self._answers: SimpleQueue[tuple[int, Answer | Absence]] = SimpleQueue()
        self._asked = self._answered = 0
        self._thread = Thread(target=self._work, name=f"member {name}", daemon=True)
        self._thread.start()

    def ask(self, question: object) -> bool:
        while self._answered < self._asked:
            try:
                self._answered, _ = self._answers.get_nowait()
            except Empty:
                return False
        self._asked += 1
        self._questions.put((self._asked, question))
        return True

    def answer(self, seconds: float) -> Answer | Absence:
        try:
            self._answered, found = self._answers.get(timeout=seconds)
        except Empty:
            return Absence(LATE)
        return found

    def close(self) -> None:
        self._questions.put(None)

    def _work(self) -> None:
        while (asked := self._questions.get()) is not None:
            number, question = asked
            try:
                found: Answer | Absence = self._call(question)
            except Exception as error:
                found = Absence(BROKEN, f"{type(error).__name__}: {error}")
            self._answers.put((number, found))

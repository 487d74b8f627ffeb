"""Who judges settings: this process, or several that end with it, however it ends."""

from __future__ import annotations

import signal
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Protocol

from assay.model.errors import InvariantError
from assay.signals.models import Settings
from assay.signals.tuning import Bench, FoldScore, judge_fold


@dataclass(frozen=True, slots=True)
class Task:
    """Ask for the cost of settings by family on one fold; `attempt` says whose they are."""

    attempt: int
    settings: dict[str, Settings]
    fold: int


@dataclass(frozen=True, slots=True)
class Judged:
    """Hold what a task came to: the score, or why there is none."""

    attempt: int
    score: FoldScore | None
    why: str = ""


class Judges(Protocol):
    """Take as many tasks as there is room for, and give back what is done, in any order."""

    @property
    def has_room(self) -> bool: ...

    def submit(self, task: Task) -> None: ...

    def take(self) -> Judged: ...


@contextmanager
def gather_judges(bench: Bench, jobs: int) -> Iterator[Judges]:
    """Give judges of a bench: this process for one job, else so many others, ended at the end."""
    if jobs == 1:
        yield _Alone(bench)
        return
    crew = _Several(bench, jobs)
    try:
        yield crew
    finally:
        crew.end()


def judge_task(bench: Bench, task: Task) -> Judged:
    """Return what a task came to; raises InvariantError where the program contradicts itself."""
    try:
        return Judged(task.attempt, judge_fold(bench, task.settings, task.fold))
    except InvariantError:
        raise
    except Exception as error:  # what a library says of its settings is no fault of the search
        return Judged(task.attempt, None, f"{type(error).__name__}: {error}")


class _Alone:
    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._tasks: deque[Task] = deque()

    @property
    def has_room(self) -> bool:
        return not self._tasks

    def submit(self, task: Task) -> None:
        self._tasks.append(task)

    def take(self) -> Judged:
        return judge_task(self._bench, self._tasks.popleft())


@dataclass(slots=True)
class _Seat:
    process: BaseProcess
    line: Connection
    task: Task | None = None


@dataclass(slots=True)
class _Several:
    bench: Bench
    jobs: int
    seats: list[_Seat] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.seats = [self._sit() for _ in range(self.jobs)]

    def _sit(self) -> _Seat:
        # Not forked: what a thread of a library holds at that moment would be held for ever.
        context = get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=_serve, args=(theirs, self.bench), daemon=True)
        process.start()
        theirs.close()
        return _Seat(process, ours)

    @property
    def has_room(self) -> bool:
        return any(seat.task is None for seat in self.seats)

    def submit(self, task: Task) -> None:
        place = next(place for place, seat in enumerate(self.seats) if seat.task is None)
        try:
            self.seats[place].line.send(task)
        except OSError:  # it was ended while it had nothing to do, so nothing is lost
            self._replace(place)
            self.seats[place].line.send(task)
        self.seats[place].task = task

    def take(self) -> Judged:
        busy = {seat.line: place for place, seat in enumerate(self.seats) if seat.task is not None}
        place = busy[next(each for each in wait(list(busy)) if isinstance(each, Connection))]
        seat = self.seats[place]
        task = seat.task
        assert task is not None
        try:
            found = seat.line.recv()
        except (EOFError, OSError):
            self._replace(place)
            return Judged(task.attempt, None, "the process that judged it was ended")
        seat.task = None
        if isinstance(found, InvariantError):
            raise found
        assert isinstance(found, Judged)
        return found

    def end(self) -> None:
        """End every process at once, whatever it is at."""
        for seat in self.seats:
            self._leave(seat)

    def _replace(self, place: int) -> None:
        ended, self.seats[place] = self.seats[place], self._sit()
        self._leave(ended)

    def _leave(self, seat: _Seat) -> None:
        seat.line.close()
        seat.process.kill()
        seat.process.join()
        seat.process.close()


def _serve(line: Connection, bench: Bench) -> None:
    """Judge what comes until the line ends, which it does with the process at its other end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for whoever sent the tasks
    try:
        while True:
            task = line.recv()
            try:
                line.send(judge_task(bench, task))
            except InvariantError as error:
                line.send(error)
    except (EOFError, OSError):
        return

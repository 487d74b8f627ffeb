"""How a child notices the end of its supervisor, and how a process is asked to stop."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

from assay.runtime.clock import Deadline
from assay.runtime.environment import PARENT_PIPE, read_variable

EXIT_ORPHANED = 4


def watch_parent(descriptor: int | None = None, *, grace_s: float = 5.0) -> bool:
    """End this process when its supervisor has gone, however it went.

    A thread reads the supervisor's pipe; at its end the process gets SIGTERM, and `grace_s`
    later it exits without more ado. Returns False when no supervisor started this process.
    """
    if descriptor is None:
        named = read_variable(PARENT_PIPE)
        if named is None:
            return False
        descriptor = int(named)
    os.set_inheritable(descriptor, False)
    threading.Thread(target=_wait_for_end, args=(descriptor, grace_s), daemon=True).start()
    return True


def _wait_for_end(descriptor: int, grace_s: float) -> None:
    try:
        while os.read(descriptor, 64):
            pass
    except OSError:
        pass  # a closed pipe says the same as an ended one
    os.kill(os.getpid(), signal.SIGTERM)
    Deadline(grace_s).pause(grace_s)
    os._exit(EXIT_ORPHANED)


@dataclass(slots=True)
class StopRequest:
    """Hold the signal that asked this process to stop; calling it says whether one did."""

    number: int = 0

    def __call__(self) -> bool:
        return self.number != 0

    @property
    def is_interrupt(self) -> bool:
        """Say whether it was Ctrl-C."""
        return self.number == signal.SIGINT


@contextmanager
def stop_signals() -> Iterator[StopRequest]:
    """Turn SIGTERM, SIGINT and SIGHUP into a request that the program looks at when it can.

    One that was sent while the program started, and the supervisor made it wait, counts too.
    """
    asked = StopRequest()

    def ask(number: int, _frame: FrameType | None) -> None:
        asked.number = asked.number or number

    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    before = [signal.signal(number, ask) for number in numbers]
    signal.pthread_sigmask(signal.SIG_UNBLOCK, numbers)
    try:
        yield asked
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)

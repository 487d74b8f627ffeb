"""How a child notices the end of its supervisor, and how a process is asked to stop."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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


@contextmanager
def stop_signals() -> Iterator[Callable[[], bool]]:
    """Turn SIGTERM, SIGINT and SIGHUP into a flag that the returned function reads."""
    asked = threading.Event()

    def ask(_number: int, _frame: FrameType | None) -> None:
        asked.set()

    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    before = [signal.signal(number, ask) for number in numbers]
    try:
        yield asked.is_set
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)

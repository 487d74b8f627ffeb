"""A terminal whose calls return in bounded time, or say that they do not."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from queue import SimpleQueue
from typing import Any, cast

from assay.model.errors import RetryError
from assay.model.time import SECOND
from assay.trading.brokers.mt5.structures import TerminalApi

CONNECTING = ("initialize", "login")
CONNECT_S = 65.0
"""The package starts a terminal that does not run, and by itself waits 60 s for it."""


class TerminalBlockedError(RetryError):
    """Report a terminal that did not answer in time; what it was asked may yet happen."""

    was_asked = True


class TerminalBusyError(TerminalBlockedError):
    """Report a call that was not made, because the one before is still out."""

    was_asked = False


class BoundedTerminal:
    """Call a terminal from one thread of its own and wait for each answer a bounded time.

    The official package blocks as long as its terminal does. While a call is out the next one is
    refused at once: its answer would be read by the wrong caller. A program may end while one is.
    """

    def __init__(self, terminal: TerminalApi, limit_ns: int = 5 * SECOND) -> None:
        self._terminal = terminal
        self._limit_s = limit_ns / SECOND
        self._out: Future[Any] | None = None
        self._calls: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()
        # An executor's threads are waited for at the end of a program: for ever, if one hangs.
        threading.Thread(target=_answer, args=(self._calls,), name="mt5", daemon=True).start()

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """Return the function of the terminal, bounded."""
        function = getattr(self._terminal, name)
        limit_s = max(self._limit_s, CONNECT_S) if name in CONNECTING else self._limit_s

        def call(*unnamed: object, **named: object) -> object:
            if self._out is not None and not self._out.done():
                raise TerminalBusyError(f"{name} was not asked: the call before is still out")
            self._out = out = Future[Any]()
            self._calls.put((out, partial(function, *unnamed, **named)))
            try:
                return out.result(timeout=limit_s)
            except TimeoutError:
                raise TerminalBlockedError(f"{name} has not answered for {limit_s:g} s") from None

        return call

    def close(self) -> None:
        """Let go of the thread; a call that is out is not waited for."""
        self._calls.put(None)


def _answer(calls: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None]) -> None:
    while (asked := calls.get()) is not None:
        out, call = asked
        try:
            out.set_result(call())
        except BaseException as error:
            out.set_exception(error)


def bound_terminal(terminal: TerminalApi, limit_ns: int = 5 * SECOND) -> TerminalApi:
    """Return the terminal with bounded calls."""
    # Every function is passed on by its name, which no type can say.
    return cast("TerminalApi", BoundedTerminal(terminal, limit_ns))

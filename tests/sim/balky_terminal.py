"""A terminal whose calls block at times, as a bounded one tells of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from assay.model.time import SECOND
from assay.trading.brokers.mt5.blocking import TerminalBlockedError, TerminalBusyError
from assay.trading.terminal import SimulatedTerminal


class BalkyTerminal:
    """Pass every call to a simulated terminal, but none while one is out that does not answer."""

    def __init__(self, terminal: SimulatedTerminal) -> None:
        self._terminal = terminal
        self._next: tuple[int, bool] | None = None
        self._until = 0

    def block(self, seconds: int) -> None:
        """Answer nothing for simulated seconds: what is asked meanwhile is not passed on."""
        self._until = self._terminal.now + seconds * SECOND

    def block_next(self, seconds: int, *, executes: bool) -> None:
        """Let the next request be out for simulated seconds, whether the server does it or not."""
        self._next = (seconds, executes)

    def release(self) -> None:
        """Answer again, and let no request block that was to."""
        self._until, self._next = 0, None

    def __getattr__(self, name: str) -> Callable[..., Any]:
        function = getattr(self._terminal, name)

        def call(*unnamed: Any, **named: Any) -> Any:
            if self._terminal.now < self._until:
                raise TerminalBusyError(f"{name} was not asked: the call before is still out")
            if name != "order_send" or self._next is None:
                return function(*unnamed, **named)
            (seconds, executes), self._next = self._next, None
            if executes:
                function(*unnamed, **named)
            self.block(seconds)
            raise TerminalBlockedError(f"{name} has not answered for 5 s")

        return call

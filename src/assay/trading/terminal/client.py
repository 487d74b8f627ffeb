"""A terminal in another process as the same object: its functions, over a loopback socket."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

from assay.trading.brokers.mt5 import api
from assay.trading.brokers.mt5.structures import TerminalApi
from assay.trading.terminal.names import PackageNames
from assay.trading.terminal.wire import (
    Address,
    pack,
    read_address,
    receive_frame,
    send_frame,
    unpack,
)

TIMEOUT_S = 60.0
FUNCTIONS = frozenset(name for name in vars(TerminalApi) if not name.startswith("_"))
_ANSWERING_FALSE = frozenset(
    "initialize login symbol_select market_book_add market_book_release".split()
)


class TerminalClient(PackageNames):
    """Do what SimulatedTerminal does, in the process that serves it.

    A link that breaks answers None and (-10002, "IPC recv failed"), later calls (-10004, "No IPC
    connection") until `initialize` reaches the process again. `control` reaches what befalls a
    terminal (`hand.close`, `advance`, `quote`, `now`), as a test or an exercise needs it.
    """

    def __init__(self, address: Address, timeout: float = TIMEOUT_S) -> None:
        self._address = address
        self._timeout = timeout
        self._link: socket.socket | None = None
        self._own_error: tuple[int, str] | None = None

    def __getattr__(self, name: str) -> Any:
        if name not in FUNCTIONS:
            return super().__getattr__(name)

        def call(*unnamed: Any, **named: Any) -> Any:
            return self._call(name, unnamed, named)

        return call

    def control(self, name: str, *unnamed: Any, **named: Any) -> Any:
        """Do to the terminal what its program does not; raise ConnectionError where it is away."""
        if self._link is None:
            self._open()
        return self._exchange(name, unnamed, named)

    def close(self) -> None:
        """Let the link go; the terminal lives on."""
        if self._link is not None:
            self._link.close()
        self._link = None

    def last_error(self) -> tuple[int, str]:
        """Return the number and text of the last call, of the link where that broke."""
        if self._own_error is not None:
            return self._own_error
        answer: tuple[int, str] | None = self._call("last_error", (), {})
        return answer or self._own_error or (api.RES_E_FAIL, "")

    def shutdown(self) -> None:
        """Let go of the terminal, which goes on."""
        self._call("shutdown", (), {})
        self.close()

    def _call(self, name: str, unnamed: tuple[Any, ...], named: dict[str, Any]) -> Any:
        failed = False if name in _ANSWERING_FALSE else None
        if self._link is None:
            self._fail(api.RES_E_INTERNAL_FAIL_CONNECT)
            if name != "initialize":
                return failed
            try:
                self._open()
            except OSError:
                self._fail(api.RES_E_INTERNAL_FAIL_INIT)
                return failed
        try:
            answer = self._exchange(name, unnamed, named)
        except TimeoutError:
            self.close()
            self._fail(api.RES_E_INTERNAL_FAIL_TIMEOUT)
            return failed
        except OSError:
            self.close()
            self._fail(api.RES_E_INTERNAL_FAIL_RECEIVE)
            return failed
        self._own_error = None
        return answer

    def _fail(self, number: int) -> None:
        self._own_error = (number, api.ERROR_TEXTS[number])

    def _open(self) -> None:
        link = socket.create_connection((self._address.host, self._address.port), self._timeout)
        self._link = link
        send_frame(link, self._address.token)

    def _exchange(self, name: str, unnamed: tuple[Any, ...], named: dict[str, Any]) -> Any:
        assert self._link is not None
        asked = [name, [pack(item) for item in unnamed], {k: pack(v) for k, v in named.items()}]
        send_frame(self._link, asked)
        state, content = receive_frame(self._link)
        if state == "raised":
            raise TypeError(content)
        return unpack(content)


def connect_terminal(address: str | Path, timeout: float = TIMEOUT_S) -> TerminalClient:
    """Return the terminal whose address `assay mt5-sim` wrote to a file; `initialize` connects."""
    return TerminalClient(read_address(Path(address)), timeout)

"""A terminal served over a loopback socket, so that programs beside it may come and go."""

from __future__ import annotations

import hmac
import os
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from assay.model.errors import AssayError
from assay.runtime.clock import Stopwatch
from assay.runtime.ids import fresh_token
from assay.trading.terminal.client import FUNCTIONS
from assay.trading.terminal.hand import Hand
from assay.trading.terminal.session import Caller
from assay.trading.terminal.terminal import SimulatedTerminal
from assay.trading.terminal.wire import Address, pack, receive_frame, send_frame, unpack

HOST = "127.0.0.1"
_CHANGING = frozenset(("order_send", "login"))
_STEP_S = 0.05
_SAVE_EVERY = 20
"""Steps of time between two writings of the state, a second of them."""


class TerminalHost:
    """Serve one terminal to any number of programs; each has a connection and an error of its own.

    With `speed` the market goes on by itself, so many simulated seconds a second; without it time
    moves by `advance` and by latencies alone. With `state` books outlive this process: they are
    written after each request and while time goes on. A host `beside` another serves a second
    terminal of the same server, whose time and books are the other's.
    """

    def __init__(
        self, terminal: SimulatedTerminal, *, port: int = 0, speed: float = 0.0,
        state: Path | None = None, beside: TerminalHost | None = None,
    ) -> None:  # fmt: skip
        self.terminal = terminal
        self._hand = Hand(terminal)
        self._speed = speed
        self._state = state
        self._lock: threading.Lock = threading.Lock() if beside is None else beside._lock
        self._stopped = threading.Event()
        if state is not None and state.exists():
            terminal.restore(state.read_bytes())
        self._server = _Server((HOST, port), _Conversation)
        self._server.host = self
        self.address = Address(HOST, self._server.server_address[1], fresh_token())

    def write_address(self, path: Path) -> None:
        """Write host, port and token where only the same user reads them."""
        path.parent.mkdir(parents=True, exist_ok=True)
        _replace(path, msgspec.json.encode(self.address))

    def run(self) -> None:
        """Serve until `stop`, in this thread."""
        if self._speed:
            threading.Thread(target=self._pace, name="pace", daemon=True).start()
        self._server.serve_forever(poll_interval=_STEP_S)
        self._server.server_close()

    def stop(self) -> None:
        """End serving; another thread calls it."""
        self._stopped.set()
        self._server.shutdown()
        self.save()

    def save(self) -> None:
        """Write the state, if this terminal keeps one."""
        if self._state is not None:
            with self._lock:
                content = self.terminal.save()
            _replace(self._state, content)

    def _pace(self) -> None:
        watch, steps = Stopwatch(), 0
        while not self._stopped.wait(_STEP_S):
            passed = round(watch.restart() * self._speed)
            with self._lock:
                self.terminal.advance(self.terminal.now + passed)
            steps += 1
            if steps % _SAVE_EVERY == 0:
                self.save()

    def answer(self, caller: Caller, name: str, unnamed: list[Any], named: dict[str, Any]) -> Any:
        """Call a function for one program, one call at a time."""
        call = self._find(name)
        with self._lock:
            self.terminal.caller = caller
            answer = call(*map(unpack, unnamed), **{k: unpack(v) for k, v in named.items()})
        if name in _CHANGING or name.startswith("hand."):
            self.save()
        return answer

    def _find(self, name: str) -> Any:
        room, _, action = name.rpartition(".")
        if room == "hand" and not action.startswith("_"):
            return getattr(self._hand, action)
        if name == "now":
            return lambda: self.terminal.now
        if name in FUNCTIONS or name in ("advance", "quote"):
            return getattr(self.terminal, name)
        raise AttributeError(f"a served terminal has no {name!r}")


@contextmanager
def serve_second(first: TerminalHost, address: Path) -> Iterator[TerminalHost]:
    """Serve a second terminal of a host's server: its link and switches are its own."""
    server = first.terminal.server
    host = TerminalHost(SimulatedTerminal(server.profile, server=server), beside=first)
    host.write_address(address)
    thread = threading.Thread(target=host.run, name="second", daemon=True)
    thread.start()
    try:
        yield host
    finally:
        host.stop()
        thread.join()
        address.unlink(missing_ok=True)


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = os.name == "posix"
    host: TerminalHost


class _Conversation(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        """Take the token, then answer call after call until the program goes."""
        host = self.server.host  # type: ignore[attr-defined]
        caller = Caller()
        try:
            token = receive_frame(self.request)
            if not hmac.compare_digest(str(token), host.address.token):
                return
            while True:
                name, unnamed, named = receive_frame(self.request)
                try:
                    content = ["returned", pack(host.answer(caller, name, unnamed, named))]
                except (AssayError, AttributeError, TypeError, KeyError) as error:
                    content = ["raised", str(error)]
                send_frame(self.request, content)
        except (OSError, ValueError, msgspec.DecodeError):
            return


def _replace(path: Path, content: bytes) -> None:
    """Write a file of mode 0600 whole or not at all."""
    part = path.with_name(f"{path.name}.part")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)

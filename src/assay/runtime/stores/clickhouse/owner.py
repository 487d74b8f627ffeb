"""The process that owns the analytics store of one home.

Run as `python -m assay.runtime.stores.clickhouse.owner HOME [IDLE_SECONDS]`. It ends by itself
when no client has been connected for that long, so nothing is left behind a kill.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import sys
import threading
from pathlib import Path

import msgspec
import pyarrow as pa

from assay.model.errors import AssayError
from assay.runtime.clock import Deadline
from assay.runtime.home import Home, open_home
from assay.runtime.stores.clickhouse.address import socket_path
from assay.runtime.stores.clickhouse.engine import Engine, StatementError
from assay.runtime.stores.clickhouse.wire import Answer, Request, receive_frame, send_frame

LOCK = "analytics"
IDLE_S = 30.0
_LOCK_WAIT_S = 20.0
_FINISH_S = 5.0
_TICK_S = 0.2
_BAD_REQUEST = 1002
_OWNER_FAULT = 1003


class Owner:
    """Accept clients on a listening socket and serve each in a thread of its own."""

    def __init__(self, folder: Path, listener: socket.socket, idle_s: float) -> None:
        self._folder = folder
        self._listener = listener
        self._idle_s = idle_s
        self._clients: set[socket.socket] = set()
        self._guard = threading.Lock()
        self._ending = threading.Event()

    def end(self) -> None:
        """Stop once the last client has gone."""
        self._ending.set()

    def serve(self, terminated: threading.Event) -> None:
        """Serve until idle, told to end, or terminated."""
        idle = Deadline(self._idle_s)
        while not terminated.is_set():
            ready, _, _ = select.select([self._listener], [], [], _TICK_S)
            if ready:
                self._accept()
            if self._client_count():
                idle = Deadline(self._idle_s)
            elif idle.has_passed() or self._ending.is_set():
                return

    def drain(self) -> None:
        """Let requests under way finish for a few seconds, then hang up."""
        deadline = Deadline(_FINISH_S)
        with self._guard:
            clients = list(self._clients)
        for client in clients:
            client.shutdown(socket.SHUT_RD)
        while self._client_count() and not deadline.has_passed():
            deadline.pause()

    def _client_count(self) -> int:
        with self._guard:
            return len(self._clients)

    def _accept(self) -> None:
        client, _ = self._listener.accept()
        with self._guard:
            self._clients.add(client)
        threading.Thread(target=self._serve_client, args=(client,), daemon=True).start()

    def _serve_client(self, client: socket.socket) -> None:
        engine: Engine | None = None
        try:
            engine = Engine(self._folder)
            while (frame := receive_frame(client)) is not None:
                answer, payload = self._answer(engine, *frame)
                send_frame(client, answer, payload)
        except OSError:
            pass  # the client died; its thread and its connection go with it
        finally:
            if engine:
                engine.close()
            with self._guard:
                self._clients.discard(client)
            client.close()

    def _answer(self, engine: Engine, header: bytes, payload: bytearray) -> tuple[Answer, bytes]:
        try:
            request = msgspec.msgpack.decode(header, type=Request)
            return Answer(pid=os.getpid()), self._perform(engine, request, payload)
        except StatementError as refusal:
            return Answer(refusal.code, str(refusal)), b""
        except (msgspec.MsgspecError, pa.ArrowException, AssayError) as error:
            return Answer(_BAD_REQUEST, str(error)), b""
        except Exception as error:  # a client must get an answer, never a hang
            return Answer(_OWNER_FAULT, f"{type(error).__name__}: {error}"), b""

    def _perform(self, engine: Engine, request: Request, payload: bytearray) -> bytes:
        if request.op in ("query", "execute"):
            return engine.query(request.sql, request.parameters)
        if request.op == "insert":
            engine.insert(request.table, payload)
        elif request.op == "end":
            self.end()
        elif request.op != "hello":
            raise StatementError(_BAD_REQUEST, f"request {request.op!r} is unknown")
        return b""


def _prepare_folder(home: Home) -> Path:
    folder = home.folder("analytics")
    spool = home.folder("analytics/spool")
    for leftover in spool.iterdir():
        leftover.unlink()
    return folder


def _listen(path: Path) -> socket.socket:
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(path))
    path.chmod(0o600)
    listener.listen(64)
    return listener


def own(home: Home, idle_s: float) -> None:
    """Open the store of a home and serve it until nobody needs it."""
    terminated = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: terminated.set())
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with home.wait_lock(LOCK, seconds=_LOCK_WAIT_S):
        folder = _prepare_folder(home)
        anchor = Engine(folder)
        path = socket_path(home)
        listener = _listen(path)
        owner = Owner(folder, listener, idle_s)
        try:
            owner.serve(terminated)
        finally:
            # Unlinked first: who comes now starts the next owner, which waits for our lock.
            path.unlink(missing_ok=True)
            listener.close()
            owner.drain()
            anchor.close()


def main(arguments: list[str]) -> int:
    """Run the owner of the home named first; the second argument is the idle time in seconds."""
    try:
        own(open_home(Path(arguments[0])), float(arguments[1]) if arguments[1:] else IDLE_S)
    except AssayError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.stderr.flush()
    os._exit(code)  # threads of the engine must not hold up the end

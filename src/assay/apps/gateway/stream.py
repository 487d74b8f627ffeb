"""Deltas to every open page: numbered, joined per tenth of a second, never waiting for the slow."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import msgspec
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from assay.apps.gateway.board.follow import Follower
from assay.apps.gateway.views import (
    DeltaMessage,
    ResyncMessage,
    Snapshot,
    SnapshotMessage,
)
from assay.model.errors import AssayError
from assay.runtime.clock import Clock, Stopwatch
from assay.runtime.faults import record_fault
from assay.runtime.logs import Logger

POLL_S = 0.02
FLUSH_S = 0.1
FEED_S = 1.0
STORM = 2_000
"""More changes than this in one flush are sent as a snapshot, once a second."""
STORM_S = 1.0
QUEUE_MAX = 32
CLIENTS_MAX = 32
RESYNCS_MAX, RESYNCS_S = 30, 60.0
CLOSE_SLOW, CLOSE_FULL, CLOSE_MALFORMED, CLOSE_SIGNED_OUT = 4408, 4429, 4400, 4401
RETRY_S = 1.0


class Client:
    """Hold what waits to be sent to one page."""

    def __init__(self, socket: WebSocket, session: str) -> None:
        self.socket, self.session = socket, session
        self.queue: asyncio.Queue[bytes | int] = asyncio.Queue(QUEUE_MAX)
        self._resyncs, self._since = 0, Stopwatch()

    def may_resync(self) -> bool:
        """Count a wish for a snapshot; return False where there are too many a minute."""
        if self._since.elapsed() > RESYNCS_S:
            self._resyncs, self._since = 0, Stopwatch()
        self._resyncs += 1
        return self._resyncs <= RESYNCS_MAX

    def offer(self, payload: bytes) -> bool:
        """Queue a message; return False where the queue is full."""
        try:
            self.queue.put_nowait(payload)
        except asyncio.QueueFull:
            return False
        return True

    def drop(self, code: int) -> None:
        """Forget what waits and end with a code."""
        while not self.queue.empty():
            self.queue.get_nowait()
        self.queue.put_nowait(code)


class Stream:
    """Bring the board forward and tell every client; one task does all, so nothing needs a lock."""

    def __init__(
        self, follower: Follower, clock: Clock, log: Logger, *, flush_s: float = FLUSH_S
    ) -> None:
        self.follower = follower
        self._clock, self._log, self._flush_s = clock, log, flush_s
        self.clients: set[Client] = set()
        self._seq = self._version = 0
        self._flushed, self._fed, self._stormed = Stopwatch(), Stopwatch(), Stopwatch()
        self._is_owed = False

    def snapshot(self) -> Snapshot:
        """Return everything now; raise RetryError before the trader is ready."""
        feed = self.follower.feed()
        assert self.follower.board is not None
        return self.follower.board.snapshot(self._seq, self._clock.now_ns(), feed)

    async def run(self) -> None:
        """Follow the trader until cancelled; what fails is logged and tried again."""
        while True:
            try:
                await self.follower.advance()
                self._flush()
                await asyncio.sleep(min(POLL_S, self._flush_s))
            except AssayError as error:
                self._log.warning(str(error))
                await asyncio.sleep(RETRY_S)
            except Exception as error:  # a page that stands still unnoticed would be worse
                fault = record_fault(self.follower.home, error)
                self._log.error("fault", fingerprint=fault.fingerprint, error=str(error))
                self.follower.board = None
                await asyncio.sleep(RETRY_S)

    def _flush(self) -> None:
        board = self.follower.board
        if board is None or self._flushed.elapsed() < self._flush_s:
            return
        self._flushed.restart()
        is_storm = board.waiting.size > STORM
        is_fed = self._fed.elapsed() >= FEED_S
        feed = self.follower.feed() if is_fed else None
        if is_fed:
            self._fed.restart()
        changes = board.take_changes(feed) if not is_storm else board.drop_changes()
        if is_storm or self._version != self.follower.version:
            self._version, self._is_owed = self.follower.version, True
        if self._is_owed:
            if self._stormed.elapsed() >= STORM_S:
                self._stormed.restart()
                self._is_owed = False
                self._seq += 1
                self._tell(self._snapshot_bytes())
            return
        if changes:
            self._seq += 1
            self._tell(msgspec.json.encode(DeltaMessage(seq=self._seq, data=tuple(changes))))

    def _snapshot_bytes(self) -> bytes:
        return msgspec.json.encode(SnapshotMessage(seq=self._seq, data=self.snapshot()))

    def _tell(self, payload: bytes) -> None:
        for client in [*self.clients]:
            if not client.offer(payload):
                self._end(client, CLOSE_SLOW)

    def _end(self, client: Client, code: int) -> None:
        self.clients.discard(client)
        client.drop(code)

    def sign_out(self, session: str) -> None:
        """End the streams of a session."""
        for client in [each for each in self.clients if each.session == session]:
            self._end(client, CLOSE_SIGNED_OUT)

    async def serve(self, socket: WebSocket, session: str) -> None:
        """Serve one page until it leaves or is dropped."""
        await socket.accept()
        if len(self.clients) >= CLIENTS_MAX:
            await socket.close(CLOSE_FULL)
            return
        client = Client(socket, session)
        if self.follower.board is not None:
            if not self.clients:  # nobody holds an older board
                self._version, self._is_owed = self.follower.version, False
            client.offer(self._snapshot_bytes())
        self.clients.add(client)
        listening = asyncio.create_task(self._listen(client))
        try:
            await self._send(client)
        finally:
            self.clients.discard(client)
            listening.cancel()
            with suppress(asyncio.CancelledError):
                await listening

    async def _send(self, client: Client) -> None:
        with suppress(WebSocketDisconnect, RuntimeError):
            while True:
                payload = await client.queue.get()
                if isinstance(payload, int):
                    if client.socket.client_state == WebSocketState.CONNECTED:
                        await client.socket.close(payload)
                    return
                await client.socket.send_text(payload.decode())

    async def _listen(self, client: Client) -> None:
        try:
            while True:
                msgspec.json.decode(await client.socket.receive_text(), type=ResyncMessage)
                board = self.follower.board
                if not client.may_resync():
                    self._end(client, CLOSE_MALFORMED)
                elif board is not None and not client.offer(self._snapshot_bytes()):
                    self._end(client, CLOSE_SLOW)
        except (WebSocketDisconnect, msgspec.DecodeError, KeyError, RuntimeError):
            self._end(client, CLOSE_MALFORMED)

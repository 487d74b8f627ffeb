"""A proxy before the bridge that cuts, doubles, delays and reorders what passes, from a seed."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from assay.runtime.ids import Rng

HELD_S = 0.02
"""How long a frame is held back at most."""


@dataclass(frozen=True)
class Faults:
    """Hold how often a frame is doubled or held behind the next, and the connection cut."""

    double: float = 0.0
    reorder: float = 0.0
    cut: float = 0.0
    mute: float = 0.0
    """How often a connection falls silent without breaking."""


class FaultyProxy:
    """Pass connections on to the bridge's port, whole WebSocket frames at a time, with faults."""

    def __init__(self, target: Callable[[], int], faults: Faults, seed: int) -> None:
        self._target, self.faults, self._rng = target, faults, Rng(seed)
        self.cuts = self.doubled = self.reordered = self.muted = self.port = 0
        self._open: set[Any] = set()
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> FaultyProxy:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def cut_all(self) -> None:
        """Break every connection at once."""
        self._loop.call_soon_threadsafe(self._cut_all)

    def _cut_all(self) -> None:
        for writer in list(self._open):
            writer.transport.abort()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._meet, "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        server.close()
        self._cut_all()
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self._loop.close()

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there = await asyncio.open_connection("127.0.0.1", self._target())
        except OSError:
            writer.transport.abort()
            return
        ends = (writer, there[1])
        self._open.update(ends)
        pumps = (_Pump(self, reader, there[1]), _Pump(self, there[0], writer))
        tasks = [asyncio.create_task(each.run()) for each in pumps]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for end in ends:
                end.transport.abort()
            self._open.difference_update(ends)

    def chance(self, share: float) -> bool:
        return share > 0 and self._rng.random() < share


class _Pump:
    def __init__(
        self, proxy: FaultyProxy, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._proxy, self._reader, self._writer = proxy, reader, writer
        self._held: bytes | None = None
        self._is_muted = False

    async def run(self) -> None:
        try:
            self._writer.write(await self._reader.readuntil(b"\r\n\r\n"))
            while True:
                await self._pass(await self._frame())
        except (asyncio.IncompleteReadError, OSError):
            return

    async def _frame(self) -> bytes:
        head = await self._reader.readexactly(2)
        length, masked = head[1] & 0x7F, head[1] & 0x80
        more = b""
        if length >= 126:
            more = await self._reader.readexactly(2 if length == 126 else 8)
            length = int.from_bytes(more, "big")
        return head + more + await self._reader.readexactly(length + (4 if masked else 0))

    async def _pass(self, frame: bytes) -> None:
        proxy, faults = self._proxy, self._proxy.faults
        if proxy.chance(faults.cut):
            proxy.cuts += 1
            # In the middle of a frame, as a wire breaks.
            self._writer.write(frame[: len(frame) // 2])
            raise OSError("cut")
        if proxy.chance(faults.mute):
            proxy.muted += 1
            self._is_muted = True
        if self._is_muted:
            return
        if self._held is None and proxy.chance(faults.reorder):
            proxy.reordered += 1
            self._held = frame
            asyncio.get_running_loop().call_later(HELD_S, self._release)
            return
        self._writer.write(frame)
        if proxy.chance(faults.double):
            proxy.doubled += 1
            self._writer.write(frame)
        self._release()
        await self._writer.drain()

    def _release(self) -> None:
        held, self._held = self._held, None
        if held is not None and not self._writer.transport.is_closing():
            self._writer.write(held)

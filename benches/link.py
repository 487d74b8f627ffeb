"""The link: quotes from a connector's disk to the bridge's disk and back acknowledged."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve

from assay.apps.bridge.server import BridgeServer, Listening
from assay.apps.bridge.tokens import EdgeTokens
from assay.apps.edge.accountlog import AccountLog
from assay.apps.edge.dialing import Bridge, Dialer
from assay.apps.edge.quotes import MarketLog
from assay.apps.link.frames import PackedCodec, Quote
from assay.runtime.clock import SystemClock, require_within
from assay.runtime.home import open_home
from assay.runtime.ids import Rng
from assay.runtime.logs import open_log
from benches.harness import Bench, Round, time_batch

QUOTES = 30_000
POLL = 50
"""Quotes that one look at the terminal brings."""
FLOOR = 15_000.0
LONG_S = 60.0


class Loop:
    """Run an event loop in a thread of its own."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()

    def call(self, work: Any) -> Any:
        """Wait for a coroutine."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(LONG_S)

    def begin(self, work: Any) -> None:
        """Start a coroutine and let it run."""
        asyncio.run_coroutine_threadsafe(work, self.loop)


class Link:
    """Hold a bridge and an edge, each with its own loop and its own files."""

    def __init__(self, folder: Path) -> None:
        home, log = open_home(folder / "home"), open_log(None, "bench", stream=None)
        token = EdgeTokens(home).issue("desk", tenant="own", account="main")
        self._bridge, self._edge = Loop(), Loop()
        self.server = BridgeServer(home, log)
        self._bridge.call(self.server.start(Listening()))
        self.market = MarketLog(folder / "market", SystemClock())
        bridge = Bridge(f"ws://127.0.0.1:{self.server.port}", "desk", token)
        account = AccountLog(folder / "account")
        self.dialer = Dialer(
            bridge, self.market, account, deliver=lambda _: None, rng=Rng(1), logger=log
        )
        grant = EdgeTokens(home).find("desk")
        assert grant is not None
        self._box = self.server.box(grant)
        self._edge.begin(self.dialer.run())
        require_within(lambda: self.dialer.is_linked, "the link", seconds=LONG_S)
        self._made = 0

    def send(self) -> None:
        """Write quotes down poll by poll and wait until the bridge has them all."""
        for _ in range(QUOTES // POLL):
            self.market.append([self._quote() for _ in range(POLL)])
            self.dialer.wake()
        while self.dialer.backlog:
            time.sleep(0.001)
        stored = self._box.market.receiving.last
        if stored != self._made:
            raise RuntimeError(f"{stored} of {self._made} quotes are stored")

    def close(self) -> None:
        """End both."""
        self._bridge.call(self.server.stop())

    def _quote(self) -> Quote:
        self._made += 1
        time_msc = 1_700_000_000_000 + self._made
        return Quote("EURUSD", time_msc, 0, time_msc * 1_000_000, 5, 110_000, 110_010)


def _bare(loop: Loop, port: int) -> Callable[[], None]:
    """Return the sending of as many quotes, a message each, over a bare WebSocket."""
    encode = PackedCodec().encode

    async def send() -> None:
        async with connect(
            f"ws://127.0.0.1:{port}", compression=None, ping_interval=None, proxy=None
        ) as socket:
            for number in range(QUOTES):
                await socket.send(encode(Quote("EURUSD", number, 0, number, 5, 110_000, 110_010)))
            await socket.recv()

    return lambda: loop.call(send())


async def _count(socket: ServerConnection) -> None:
    for _ in range(QUOTES):
        await socket.recv()
    await socket.send(b"all")


def build(folder: Path) -> Bench:
    """Compare the link with a bare WebSocket that stores and numbers nothing."""
    link, sender, taker = Link(folder), Loop(), Loop()

    async def listen() -> int:
        server = await serve(_count, "127.0.0.1", 0, compression=None, ping_interval=None)
        return int(next(iter(server.sockets)).getsockname()[1])

    send_bare = _bare(sender, taker.call(listen()))

    def subject() -> Round:
        return time_batch(QUOTES, link.send)

    return Bench(
        what="quotes written down, sent, stored by the bridge and acknowledged, on loopback",
        items="quotes",
        figure="rate",
        reference_what="a bare WebSocket, a message a quote, nothing stored",
        subject=subject,
        reference=lambda: time_batch(QUOTES, send_bare),
        floor=FLOOR,
        close=link.close,
        notes={"batch_max": 256, "poll": POLL, "both_ends": "threads of one process"},
    )

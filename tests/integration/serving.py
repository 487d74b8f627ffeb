"""A home with a trader in this process and the gateway's real server in a thread."""

from __future__ import annotations

import itertools
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from websockets.sync.client import ClientConnection, connect

from assay.apps.config import Config
from assay.apps.gateway.app import Gateway, Timing, build_gateway
from assay.apps.gateway.process import build_server
from assay.apps.lab.runs.drivers import feed_messages
from assay.apps.paper.control.orders import RELEASE, answer_order, pending_orders
from assay.apps.paper.control.release import release
from assay.apps.paper.plan import Plan
from assay.apps.paper.preparing import identify_setup, prepare_plan
from assay.apps.paper.trader.byhand import HANDLED, obey
from assay.apps.paper.trader.hotpath import PaperTrader
from assay.apps.paper.trader.patterns import PatternWatch
from assay.apps.paper.trader.standing import describe_desk, take_standing
from assay.apps.paper.view.sheet import RING, SHEET, STANDING, write_whole
from assay.model.messages import Message
from assay.runtime.clock import SystemClock, wait_for
from assay.runtime.home import Home
from assay.runtime.journal import PostgresJournal
from assay.runtime.logs import open_log
from assay.runtime.ring import RingWriter
from assay.runtime.stores.postgres import PostgresServer, open_postgres
from assay.signals.recognition import Terms
from assay.trading.brokers.paper import PaperBroker

RING_BYTES = 1 << 16
LONG_S = 60.0
FAST = Timing(flush_s=0.01, durable_s=0.3)


@dataclass
class Trading:
    """Hold a trader that moves when a test says so."""

    home: Home
    trader: PaperTrader
    feed: Iterator[Message]
    journal: PostgresJournal
    server: PostgresServer
    patterns: PatternWatch

    def go_on(self, events: int, *, batch: int = 20) -> None:
        """Trade so many events of the sample and show where the trader stands."""
        for number, message in enumerate(itertools.islice(self.feed, events), 1):
            self.patterns.hear(self.trader.handle(message))
            if number % batch == 0:
                self.patterns.catch_up()
                self.trader.commit()
        self.patterns.catch_up()
        self.trader.commit()
        self.stand()

    def stand(self) -> None:
        write_whole(self.home.path / "run" / STANDING, take_standing(self.trader))

    def carry_out(self) -> None:
        """Carry out the orders that wait, as the trader's process does."""
        for path, order in pending_orders(self.home):
            if order.action in HANDLED:
                answer_order(path, obey(self.trader, order))
                continue
            if order.action == RELEASE:
                answer_order(path, release(self.trader, order))
                continue
            self.trader.halt(order.reason, order.by)
            path.unlink()

    @contextmanager
    def acting(self) -> Iterator[None]:
        """Carry out what is ordered meanwhile."""
        stop = threading.Event()

        def carry() -> None:
            while not stop.wait(0.005):
                self.carry_out()

        thread = threading.Thread(target=carry)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join(LONG_S)


@contextmanager
def trading(home: Home, plan: Plan | None = None) -> Iterator[Trading]:
    """Start a trader of a plan, without one of the packaged sample, on a real journal."""
    plan = plan or Plan(source="sample", speed=None)
    setup = prepare_plan(plan, Config(), home.path)
    server = open_postgres(home.path)
    assert isinstance(server, PostgresServer)
    journal = PostgresJournal(server.dsn)
    broker = PaperBroker(home.folder("broker") / "paper.jsonl")
    trader = PaperTrader(setup, identify_setup(plan, setup), journal, broker, SystemClock())
    trader.ring = RingWriter(home.folder("run") / RING, RING_BYTES)
    try:
        found = trader.recover()
        write_whole(home.path / "run" / SHEET, describe_desk(plan, trader, found.run))
        feed = feed_messages(setup, setup.events(), found.next, fed=trader.fed)
        patterns = PatternWatch(trader, setup.events(), Terms())
        held = Trading(home, trader, feed, journal, server, patterns)
        held.stand()
        yield held
    finally:
        trader.ring.close()
        broker.close()
        journal.close()
        server.stop()


@dataclass
class Served:
    """Hold a running gateway and what a person at the browser needs."""

    home: Home
    port: int
    gateway: Gateway

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def stranger(self) -> httpx.Client:
        return httpx.Client(base_url=self.address, timeout=LONG_S)

    def person(self) -> httpx.Client:
        """Return a client with a session."""
        with self.stranger() as client:
            opened = client.get("/open", params={"token": self.gateway.access.issue_link()})
            assert opened.status_code == 303
            return httpx.Client(base_url=self.address, timeout=LONG_S, cookies=client.cookies)

    def await_place(self, place: int) -> None:
        """Wait until the board has seen the journal up to a place."""
        follower = self.gateway.stream.follower

        def has_seen() -> bool:
            return follower.board is not None and follower.board.place >= place

        assert wait_for(has_seen, seconds=LONG_S)

    def stream(self, client: httpx.Client, **options: Any) -> ClientConnection:
        """Open the stream as the browser of a client does."""
        cookie = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
        headers = {"Cookie": cookie} if cookie else {}
        options = {"origin": self.address, "max_size": None, "compression": None, **options}
        place = f"ws://127.0.0.1:{self.port}/api/stream"
        return connect(place, additional_headers=headers, **options)


def receive(stream: ClientConnection) -> dict[str, Any]:
    """Return the next message of a stream."""
    found: dict[str, Any] = json.loads(stream.recv(timeout=LONG_S))
    return found


@contextmanager
def serving(home: Home, page: Path, *, timing: Timing = FAST) -> Iterator[Served]:
    """Serve a home on a free port until the end of the block."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        # A small buffer, so that a client that reads nothing is soon seen to be slow.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        port = int(listener.getsockname()[1])
        gateway = build_gateway(home, port, open_log(home, "web"), page=page, timing=timing)
        server = build_server(gateway.app, port)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            assert wait_for(lambda: server.started or not thread.is_alive(), seconds=LONG_S)
            yield Served(home, port, gateway)
        finally:
            server.should_exit = True
            thread.join(LONG_S)
            assert not thread.is_alive()

"""A live platform on its real stores: paper trader, PostgreSQL journal, paper broker."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import psycopg

from assay.apps.lab.runs.drivers import feed_messages
from assay.apps.lab.runs.setup import prepare
from assay.apps.paper.trader.hotpath import PaperTrader
from assay.market.sources.parquet import read_parquet
from assay.model.messages import Message, OrderSubmitted
from assay.runtime.clock import SystemClock
from assay.runtime.journal import PostgresJournal
from assay.runtime.stores.postgres import open_postgres, remove_postgres
from assay.trading.brokers.paper import PaperBroker
from assay.trading.engine.loading import load_strategy
from benches.workload.runs import WALK_FILE
from benches.workload.walk import generate_walk, write_walk

BARS = 60_000
PAYLOAD = b"\x5a" * 256


class TimedBroker(PaperBroker):
    """Note when the last order arrived."""

    received_ns = 0

    def send(self, order: OrderSubmitted) -> None:
        """Look at the clock, then keep the order as any broker does."""
        self.received_ns = time.perf_counter_ns()
        super().send(order)


class LivePlatform:
    """Trade a walk that crosses every few bars; rounds go on where the last one stopped."""

    def __init__(self, folder: Path) -> None:
        self._home = home = folder / "home"
        home.mkdir(mode=0o700)
        self._server = open_postgres(home)
        self._journal = PostgresJournal(self._server.dsn)
        self._broker = TimedBroker(folder / "orders.jsonl")
        path = write_walk(generate_walk(BARS), folder / WALK_FILE)
        params = {"fast": "1", "slow": "2"}
        setup = prepare([read_parquet(path)], load_strategy("sma-cross"), given=params)
        self._trader = PaperTrader(setup, "bench", self._journal, self._broker, SystemClock())
        self._trader.recover()
        self._bars: Iterator[Message] = feed_messages(setup, setup.events())
        self._bare = psycopg.connect(self._server.admin_dsn, autocommit=True)
        self._bare.execute("create table bare (id bigint generated always as identity, load bytea)")

    def trade_order(self) -> tuple[int, int]:
        """Handle bars until one leads to an order; return ns to the commit's end, and to the order.

        Both count from the moment the bar is handed over; the second ends when the broker has it.
        """
        while True:
            before, bar = self._broker.received_ns, next(self._bars)
            started = time.perf_counter_ns()
            self._trader.handle(bar)
            ended = time.perf_counter_ns()
            if self._broker.received_ns != before:
                return ended - started, self._broker.received_ns - started

    def insert_bare(self, _: int) -> None:
        """Commit one row and nothing else."""
        with self._bare.transaction():
            self._bare.execute("insert into bare (load) values (%b)", (PAYLOAD,))

    def close(self) -> None:
        """Stop the server and close the book."""
        self._journal.close()
        self._bare.close()
        self._broker.close()
        self._server.stop()
        remove_postgres(self._home)

"""Live path: a closed bar through trading, ledger and reconciler to its committed fill."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psycopg

from assay.apps.lab.drivers import feed_messages, start_message
from assay.apps.lab.setup import prepare
from assay.apps.topology import build_topology
from assay.market.sources.parquet import read_parquet
from assay.model.messages import Message, OrderFilled, OrderSubmitted, encode_message
from assay.runtime.ids import IdSource
from assay.runtime.journal import Batch, PostgresJournal
from assay.runtime.stores.postgres import open_postgres
from assay.trading.engine.loading import load_strategy
from benches.harness import Bench, Round, time_each
from benches.workload.runs import WALK_FILE
from benches.workload.walk import generate_walk, write_walk

BARS = 40_000
FILLS = 300
FLOOR_US = 5_000.0
PAYLOAD = b"\x5a" * 256


def commit_step(journal: PostgresJournal, step: list[Message]) -> int:
    """Commit a bar, all that followed from it, the inbox position and the order keys."""
    keys = [m for m in step if isinstance(m, OrderSubmitted)]
    orders = [(order.key, encode_message(order)) for order in keys]
    return journal.commit(Batch(step, inbox=("desk", step[0].id, ""), orders=orders))


def build(folder: Path) -> Bench:
    """Start a server and one platform that trades every few bars; rounds go on where it stopped."""
    home = folder / "home"
    home.mkdir(mode=0o700)
    server = open_postgres(home)
    journal = PostgresJournal(server.dsn)
    path = write_walk(generate_walk(BARS), folder / WALK_FILE)
    params = {"fast": "1", "slow": "2"}
    setup = prepare([read_parquet(path)], load_strategy("sma-cross"), given=params)
    runner = build_topology(setup, IdSource(2).next).runner()
    events = setup.events()
    bars: Iterator[Message] = feed_messages(setup, events)
    commit_step(journal, runner.push(start_message(int(events["ts"][0]))))
    bare = psycopg.connect(server.admin_dsn, autocommit=True)
    bare.execute("create table bare (id bigint generated always as identity, payload bytea)")

    def subject() -> Round:
        latencies: list[int] = []
        began = time.perf_counter_ns()
        while len(latencies) < FILLS:
            bar = next(bars)
            started = time.perf_counter_ns()
            step = runner.push(bar)
            commit_step(journal, step)
            ended = time.perf_counter_ns()
            if any(isinstance(message, OrderFilled) for message in step):
                latencies.append(ended - started)
        seconds = (time.perf_counter_ns() - began) / 1e9
        return Round(FILLS, seconds, np.array(latencies) / 1e3)

    def insert(_: int) -> None:
        with bare.transaction():
            bare.execute("insert into bare (payload) values (%b)", (PAYLOAD,))

    def close() -> None:
        journal.close()
        bare.close()
        server.stop()

    return Bench(
        what="closed bar to committed fill: trading, ledger, reconciler, journal",
        items="fills",
        figure="latency",
        reference_what="bare psycopg insert + commit",
        subject=subject,
        reference=lambda: time_each(FILLS, insert),
        floor=FLOOR_US,
        close=close,
    )

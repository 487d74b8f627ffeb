"""Replay path: an order submitted until its fill is booked, ledger and reconciler included."""

from __future__ import annotations

import time
from itertools import count
from pathlib import Path

import numpy as np

from assay.apps.lab.runs.drivers import feed_messages
from assay.apps.lab.runs.setup import Setup, prepare
from assay.apps.topology import build_topology
from assay.market.sources.parquet import read_parquet
from assay.model.messages import EntryPosted, Message, OrderSubmitted
from assay.trading.engine.loading import load_strategy
from benches.harness import Bench, Round
from benches.workload.runs import WALK_FILE
from benches.workload.walk import generate_walk, write_walk

BARS = 40_000
FLOOR_US = 250.0


def _holds(messages: list[Message], kind: type[Message]) -> bool:
    return any(type(message) is kind for message in messages)


def _prepare(path: Path, fast: int, slow: int) -> Setup:
    params = {"fast": str(fast), "slow": str(slow)}
    return prepare([read_parquet(path)], load_strategy("sma-cross"), given=params)


def _round_of(spans: list[int]) -> Round:
    latencies = np.array(spans) / 1e3
    return Round(len(spans), float(latencies.sum()) / 1e6, latencies)


def build(folder: Path) -> Bench:
    """Replay a walk that crosses every few bars; an order fills at the open of the bar after."""
    path = write_walk(generate_walk(BARS), folder / WALK_FILE)
    busy, quiet = (_prepare(path, *pair) for pair in ((1, 2), (100, 200)))
    feed = list(feed_messages(busy, busy.events()))
    clock = time.perf_counter_ns

    def subject() -> Round:
        """Time from handing over the bar that orders to the posting of the fill."""
        runner = build_topology(busy, count(1).__next__).runner()
        spans, began = [], 0
        for bar in feed:
            started = clock()
            came = runner.push(bar)
            if began and _holds(came, EntryPosted):
                spans.append(clock() - began)
                began = 0
            if _holds(came, OrderSubmitted):
                began = started
        return _round_of(spans)

    def reference() -> Round:
        """Time bars of a strategy that hardly trades, through the same modules."""
        runner = build_topology(quiet, count(1).__next__).runner()
        spans = []
        for bar in feed:
            started = clock()
            runner.push(bar)
            spans.append(clock() - started)
        return _round_of(spans)

    return Bench(
        what="order submitted to its fill posted, in replay",
        items="orders",
        figure="latency",
        reference_what="a bar at which nothing trades",
        subject=subject,
        reference=reference,
        floor=FLOOR_US,
    )

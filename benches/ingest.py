"""Tick ingest: a file of quotes through reader and quality rules into the analytics store."""

from __future__ import annotations

from itertools import count
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from assay.market.history import commit_import, fingerprint_file, prepare_schema
from assay.market.quality import assess
from assay.market.reading import ReadRequest, find_source
from assay.runtime.home import open_home
from assay.runtime.stores.clickhouse import open_analytics, stop_owner
from benches.harness import Bench, Round, time_batch

TICKS = 200_000
FLOOR = 100_000.0
STEP_US = 250_000
WEEK_US = 7 * 86_400_000_000
MONDAY_US = 1_546_819_200_000_000
"""2019-01-07 00:00 UTC."""


def write_ticks(path: Path, week: int) -> Path:
    """Write quotes of the first hours of a week, four a second, and return the path."""
    rng = np.random.default_rng(week)
    times = MONDAY_US + WEEK_US * week + STEP_US * np.arange(TICKS, dtype=np.int64)
    bid = 114_000 + np.cumsum(rng.integers(-1, 2, TICKS))
    ask = bid + rng.integers(1, 15, TICKS)
    columns = {
        "time": pa.array(times, pa.timestamp("us", tz="UTC")),
        "bid": pa.array(np.round(bid / 1e5, 5)),
        "ask": pa.array(np.round(ask / 1e5, 5)),
        "bid_size": pa.array(np.ones(TICKS)),
        "ask_size": pa.array(np.ones(TICKS)),
    }
    pq.write_table(pa.table(columns), path)
    return path


def build(folder: Path) -> Bench:
    """Open a home with its store owner; every round imports another week."""
    home = open_home(folder / "home")
    store = open_analytics(home)
    prepare_schema(store)
    source = find_source("parquet")
    weeks = count()

    def take_in(path: Path) -> None:
        assessment = assess(source.read(ReadRequest(path=path)))
        identity = fingerprint_file(path, "parquet", {})
        outcome = commit_import(store, identity, assessment, home.clock.now_ns())
        if outcome.accepted != TICKS:
            raise RuntimeError(f"{outcome.accepted} of {TICKS} ticks accepted: {outcome.rejected}")

    def fresh_file() -> Path:
        week = next(weeks)
        return write_ticks(folder / f"eurusd_ticks_bench{week}_20190101_20191231.parquet", week)

    def subject() -> Round:
        path = fresh_file()
        return time_batch(TICKS, lambda: take_in(path))

    def reference() -> Round:
        path = fresh_file()
        copy = folder / "copy.parquet"
        return time_batch(TICKS, lambda: pq.write_table(pq.read_table(path), copy))

    def close() -> None:
        store.close()
        stop_owner(home)

    return Bench(
        what="ticks from a file through the quality rules into the store",
        items="ticks",
        figure="rate",
        reference_what="pyarrow copy of the file",
        subject=subject,
        reference=reference,
        floor=FLOOR,
        close=close,
    )

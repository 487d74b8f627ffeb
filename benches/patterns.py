"""Validate one bar live: find its patterns, ask 20,000 shapes by pgvector, weigh, keep."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import talib
from sklearn.neighbors import NearestNeighbors
from threadpoolctl import threadpool_limits

from assay.model.messages import BarClosed
from assay.model.time import MINUTE
from assay.runtime.ids import seeded_generator
from assay.runtime.stores.postgres import open_postgres
from assay.signals.recognition import (
    PATTERNS,
    MemoryShapes,
    PatternStream,
    PatternValidator,
    ShapeStore,
    find_patterns,
    shape_of,
)
from assay.signals.recognition.postgres import PostgresShapes
from assay.signals.recognition.shapes import SHAPE_SIZE, SHAPE_SPAN
from assay.signals.streams.columns import BarColumns
from benches.harness import Bench, Round, time_each

SHAPES, WARM, BARS, WINDOW, ASKED = 20_000, 400, 2_400, 128, 50
FLOOR = 25_000.0
"""Microseconds at the 99th percentile."""


def draw_bars(count: int) -> BarColumns:
    """Return a random walk in points."""
    rng = seeded_generator(1)
    closes = 110_000 + np.cumsum(rng.integers(-30, 31, count))
    opens = np.concatenate((closes[:1], closes[:-1])) + rng.integers(-3, 4, count)
    reach = rng.integers(0, 25, (2, count))
    return BarColumns(
        MINUTE * np.arange(1, count + 1), opens, np.maximum(opens, closes) + reach[0],
        np.minimum(opens, closes) - reach[1], closes, np.full(count, 9),
    )  # fmt: skip


def message_of(columns: BarColumns, row: int) -> BarClosed:
    """Return the message that carries one bar."""
    close = int(columns.ts_close[row])
    return BarClosed(
        id=row + 1, ts_event=close, ts_init=close, symbol="EURUSD", timeframe=MINUTE,
        ts_open=close - MINUTE, open=int(columns.open[row]), high=int(columns.high[row]),
        low=int(columns.low[row]), close=int(columns.close[row]), spread_open=9, spread_high=9,
        spread_low=9, spread_close=9,
    )  # fmt: skip


def draw_shapes(count: int) -> np.ndarray:
    """Return the shapes of as many separate bars of another walk."""
    rows = draw_bars(count + SHAPE_SPAN).to_rows()[::-1]
    shapes = [shape_of(rows[row : row + SHAPE_SPAN]) for row in range(count)]
    return np.array(shapes).reshape(count, SHAPE_SIZE)


def fill(store: ShapeStore, shapes: np.ndarray) -> None:
    """Put shapes into a store, all of them long known."""
    for place, shape in enumerate(shapes):
        store.add(shape, ts_close=place - SHAPES, known=place + 1 - SHAPES, move=place % 3 - 1)


def time_validator(bars: list[BarClosed], store: ShapeStore) -> Round:
    """Time each bar that completes a pattern; the others would flatter the percentiles."""
    validator, clock, taken = PatternValidator(store=store), time.perf_counter_ns, list[int]()
    for row, bar in enumerate(bars):
        began = clock()
        found = validator.push(bar)
        if found and row >= WARM:
            taken.append(clock() - began)
    latencies = np.array(taken) / 1e3
    return Round(len(taken), float(latencies.sum()) / 1e6, latencies)


def percentiles(done: Round) -> dict[str, float]:
    """Return the latency at three percentiles in microseconds."""
    assert done.latencies is not None
    return {f"p{each}_us": float(np.percentile(done.latencies, each)) for each in (50, 95, 99)}


def time_finding(bars: list[BarClosed]) -> Round:
    """Time the finding alone."""
    stream = PatternStream()
    return time_each(len(bars), lambda row: stream.push(bars[row]))


def build(folder: Path) -> Bench:
    """Compare with TA-Lib's candles over a window and a full search by scikit-learn."""
    limit = threadpool_limits(1)
    columns, shapes = draw_bars(BARS), draw_shapes(SHAPES)
    bars = [message_of(columns, row) for row in range(BARS)]
    find_patterns(columns.cut(slice(0, 200)))
    server = open_postgres(folder)
    store, memory = PostgresShapes(server.dsn, series="bench"), MemoryShapes()
    for each in (store, memory):
        fill(each, shapes)
    store.nearest(shapes[0], now=0, count=ASKED)
    prices = [
        np.asarray(each, dtype=np.float64)
        for each in (columns.open, columns.high, columns.low, columns.close)
    ]
    candles = [
        getattr(talib, each.source.split()[-1]) for each in PATTERNS if each.kind == "candle"
    ]
    searched = NearestNeighbors(n_neighbors=ASKED, algorithm="brute").fit(shapes)

    def refer(row: int) -> None:
        window = [each[row : row + WINDOW] for each in prices]
        for candle in candles:
            candle(*window)
        searched.kneighbors(shapes[row : row + 1])

    def close() -> None:
        store.close()
        server.stop()
        limit.restore_original_limits()

    return Bench(
        what=f"a bar with a pattern: {len(PATTERNS)} patterns, {ASKED} nearest of {SHAPES:,} "
        "shapes by pgvector, verdicts",
        items="bars",
        figure="latency",
        reference_what=f"TA-Lib's {len(candles)} candles over {WINDOW} bars and a full search of "
        "the shapes by scikit-learn, one thread",
        subject=lambda: time_validator(bars, store),
        reference=lambda: time_each(300, refer),
        floor=FLOOR,
        close=close,
        notes={
            "once, not in turns": {
                "shapes in memory": percentiles(time_validator(bars, memory)),
                "finding alone": percentiles(time_finding(bars)),
            }
        },
    )

"""One row of returns into the rolling correlations of thirty instruments, and out the matrix."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from assay.runtime.ids import seeded_generator
from assay.signals.correlation import METHODS, CorrelationStream, Estimator
from benches.harness import Bench, Round, time_each

INSTRUMENTS, WINDOW, ROWS, OTHERS = 30, 500, 2_000, 1_000
FLOOR = 50.0
"""Microseconds at the 99th percentile."""


def draw_returns(size: int, rows: int) -> np.ndarray:
    """Return returns of a basis point that share a factor."""
    rng = seeded_generator(1)
    shared = rng.standard_normal((rows, 1))
    return 1e-4 * (0.6 * shared + 0.8 * rng.standard_normal((rows, size)))


def time_stream(method: str, size: int, rows: int) -> Round:
    """Push each row and read the matrix, after a full window that is not timed."""
    returns = draw_returns(size, WINDOW + rows)
    stream = CorrelationStream(size, Estimator(method, window=WINDOW, half_life=WINDOW / 4))
    stream.load(returns[:WINDOW])
    late = returns[WINDOW:]
    is_shrunk = method == "shrinkage"

    def step(row: int) -> object:
        stream.push(late[row])
        return stream.shrink().covariance if is_shrunk else stream.correlation

    return time_each(rows, step)


def percentiles(done: Round) -> dict[str, float]:
    """Return the latency at three percentiles in microseconds."""
    assert done.latencies is not None
    return {f"p{each}_us": float(np.percentile(done.latencies, each)) for each in (50, 95, 99)}


def build(folder: Path) -> Bench:
    """Compare with NumPy's correlation of the same window, anew at each row, by one thread."""
    # More threads than the one pinned core would wait for each other, for milliseconds.
    limit = threadpool_limits(1)
    returns = draw_returns(INSTRUMENTS, WINDOW + ROWS)
    others = {
        f"{method} of {size}": percentiles(time_stream(method, size, OTHERS))
        for method in METHODS
        for size in (8, 30)
    }
    return Bench(
        what=f"a row of {INSTRUMENTS} returns into a window of {WINDOW:,}, {INSTRUMENTS} x "
        f"{INSTRUMENTS} correlations out",
        items="rows",
        figure="latency",
        reference_what=f"numpy.corrcoef of the {WINDOW:,} rows, one thread",
        subject=lambda: time_stream("rolling", INSTRUMENTS, ROWS),
        reference=lambda: time_each(
            ROWS, lambda row: np.corrcoef(returns[row + 1 : row + 1 + WINDOW].T)
        ),
        floor=FLOOR,
        close=limit.restore_original_limits,
        notes={"once, not in turns": others},
    )

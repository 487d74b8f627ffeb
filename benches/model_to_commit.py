"""Live path with a model: a closed bar until all that it led to is committed, page and store on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from benches.harness import Bench, Round
from benches.workload.desk import ModelDesk

FLOOR_US = 5_000.0


def build(folder: Path, *, bars: int = 300, bars_per_second: int = 100) -> Bench:
    """Teach a model, start its desk with page and store; every round trades so many bars."""
    desk = ModelDesk(folder, bars_per_second=bars_per_second)

    def time_paced(count: int, work: Callable[[], int]) -> Round:
        latencies = np.array([work() for _ in range(count)]) / 1e3
        return Round(count, float(latencies.sum()) / 1e6, latencies)

    return Bench(
        what="closed bar through features, model, decision, risk and journal, page and store on",
        items="bars",
        figure="latency",
        reference_what="bare psycopg insert + commit at that pace",
        subject=lambda: time_paced(bars, desk.trade_bar),
        reference=lambda: time_paced(bars // 3, desk.insert_bare),
        floor=FLOOR_US,
        close=desk.close,
    )

"""Live path: a closed bar until its order, key committed, is at the broker's gateway."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benches.harness import Bench, Round, time_each
from benches.workload.live import LivePlatform

ORDERS = 300
FLOOR_US = 1_200.0


def build(folder: Path) -> Bench:
    """Start one platform; every round trades so many orders."""
    platform = LivePlatform(folder)

    def subject() -> Round:
        spans = [platform.trade_order()[1] for _ in range(ORDERS)]
        latencies = np.array(spans) / 1e3
        return Round(ORDERS, float(latencies.sum()) / 1e6, latencies)

    return Bench(
        what="closed bar to order at the broker with its key committed",
        items="orders",
        figure="latency",
        reference_what="bare psycopg insert + commit",
        subject=subject,
        reference=lambda: time_each(ORDERS, platform.insert_bare),
        floor=FLOOR_US,
        close=platform.close,
    )

"""Sweep driver as a search uses it: stop and target on every position, a trade every 90 bars."""

from __future__ import annotations

from pathlib import Path

from benches.harness import Bench
from benches.workload.runs import compare_sweep, prepare_run
from benches.workload.walk import generate_walk

FLOOR = 20_000_000.0


def build(folder: Path) -> Bench:
    """Prepare the run; its fills and denials are noted beside the figures."""
    walk = generate_walk()
    setup = prepare_run(folder, walk, "cross-stops", "default")
    what = "sweep driver, SMA cross with stop and target, default limits, equity stored"
    return compare_sweep(setup, walk, what, FLOOR)

"""Sweep driver under many orders: the breakout places or cancels one at every bar without position.

No floor: on the walk it soon stands at its drawdown limit, so most of what it costs is the limits
denying an order at every other bar.
"""

from __future__ import annotations

from pathlib import Path

from benches.harness import Bench
from benches.workload.runs import compare_sweep, prepare_run
from benches.workload.walk import generate_walk


def build(folder: Path) -> Bench:
    """Prepare the run; its fills and denials are noted beside the figures."""
    walk = generate_walk()
    setup = prepare_run(folder, walk, "breakout", "default")
    what = "sweep driver, breakout: an order placed, denied or cancelled at nearly every bar"
    return compare_sweep(setup, walk, what)

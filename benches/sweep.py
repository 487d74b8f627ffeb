"""Sweep driver: the compiled loop over a million bars, SMA cross, equity stored at every bar."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from assay.apps.lab.runs.drivers import sweep
from benches.harness import Bench, Round, time_batch
from benches.workload.references import run_compiled
from benches.workload.runs import prepare_run
from benches.workload.walk import BARS, generate_walk

FLOOR = 40_000_000.0


def build(folder: Path) -> Bench:
    """Prepare the run and require that it trades as often as the reference."""
    walk = generate_walk()
    setup = prepare_run(folder, walk, "sma-cross", "reference")
    equity = np.empty(BARS, np.int64)
    fills, expected = len(sweep(setup).outcome.fills), run_compiled(walk.open, walk.close, equity)
    if fills != expected:
        raise RuntimeError(f"the sweep filled {fills} orders, the reference {expected}")

    def subject() -> Round:
        run = sweep(setup)
        return Round(run.bars, run.seconds)

    return Bench(
        what="sweep driver, SMA cross, every rule, costs, margin, equity stored",
        items="bars",
        figure="rate",
        reference_what="bare Numba SMA-cross loop",
        subject=subject,
        reference=lambda: time_batch(BARS, lambda: run_compiled(walk.open, walk.close, equity)),
        floor=FLOOR,
        notes={"fills": fills},
    )

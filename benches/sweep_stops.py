"""Sweep driver with stop and target and the default limits: the breakout on a million bars."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from assay.apps.lab.drivers import sweep
from benches.harness import Bench, Round, time_batch
from benches.workload.references import run_compiled
from benches.workload.runs import prepare_run
from benches.workload.walk import BARS, generate_walk

FLOOR = 20_000_000.0


def build(folder: Path) -> Bench:
    """Prepare the run; its fills and denials are noted beside the figures."""
    walk = generate_walk()
    setup = prepare_run(folder, walk, "breakout", "default")
    equity = np.empty(BARS, np.int64)
    outcome = sweep(setup).outcome

    def subject() -> Round:
        run = sweep(setup)
        return Round(run.bars, run.seconds)

    return Bench(
        what="sweep driver, breakout with stop and target, default limits, equity stored",
        items="bars",
        figure="rate",
        reference_what="bare Numba SMA-cross loop",
        subject=subject,
        reference=lambda: time_batch(BARS, lambda: run_compiled(walk.open, walk.close, equity)),
        floor=FLOOR,
        notes={
            "fills": len(outcome.fills),
            "denied": int((outcome.orders["denied"] != 0).sum()),
        },
    )

"""Replay driver: the full message path with ledger and event log, 200,000 bars."""

from __future__ import annotations

from pathlib import Path

from assay.apps.lab.backtests.backtest import Request, run_backtest
from benches.harness import Bench, Round, time_batch
from benches.workload.references import run_plain
from benches.workload.runs import WALK_FILE
from benches.workload.walk import generate_walk, write_walk

BARS = 200_000
FLOOR = 250_000.0


def build(folder: Path) -> Bench:
    """Write the walk as a file; every round replays it with `out`."""
    walk = generate_walk(BARS)
    path = write_walk(walk, folder / WALK_FILE)
    request = Request(data=[path], strategy="sma-cross", driver="replay", out=folder / "out")

    def subject() -> Round:
        figures = run_backtest(request)
        return Round(figures["bars"], figures["seconds"])

    return Bench(
        what="replay driver, SMA cross, ledger and event log written",
        items="bars",
        figure="rate",
        reference_what="plain Python event loop",
        subject=subject,
        reference=lambda: time_batch(BARS, lambda: run_plain(walk)),
        floor=FLOOR,
    )

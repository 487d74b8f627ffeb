"""Cost of a fill in replay: a run of 20,000 fills beside one of 2,000, at as many fills a bar."""

from __future__ import annotations

from pathlib import Path

from assay.apps.lab.backtests.backtest import Request, run_backtest
from benches.harness import Bench, Round
from benches.workload.runs import WALK_FILE
from benches.workload.walk import generate_walk, write_walk

FILLS = 20_000
TENTH = FILLS // 10
BARS_PER_FILL = 2
RATIO_FLOOR = 0.8
"""A fill of the long run may cost a quarter more, no trend with the number of fills."""


def build(folder: Path) -> Bench:
    """Replay a walk that crosses every other bar, and its first tenth, with tables written."""
    long, short = (_request(folder, fills) for fills in (FILLS, TENTH))
    fills = run_backtest(long)["fills"]
    if not 0.8 * FILLS < fills < 1.2 * FILLS:
        raise RuntimeError(f"the long run has {fills} fills, and {FILLS} were wanted")
    return Bench(
        what=f"replay of {FILLS:,} fills with ledger and event log",
        items="fills",
        figure="rate",
        reference_what=f"replay of {TENTH:,} fills",
        subject=lambda: _measure(long),
        reference=lambda: _measure(short),
        ratio_floor=RATIO_FLOOR,
        notes={"fills": fills},
    )


def _request(folder: Path, fills: int) -> Request:
    place = folder / str(fills)
    place.mkdir()
    path = write_walk(generate_walk(BARS_PER_FILL * fills), place / WALK_FILE)
    params = {"fast": "1", "slow": "2"}
    return Request(
        data=[path], strategy="sma-cross", params=params, driver="replay", out=place / "out"
    )


def _measure(request: Request) -> Round:
    figures = run_backtest(request)
    return Round(figures["fills"], figures["seconds"])

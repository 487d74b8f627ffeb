"""Sweep of 1,000 pairs of SMA cross over 100,000 bars: every variant's figures, all cores.

A round is one sweep, so that its seconds are 1e8 over the rate. The pinned core is let go for the
rounds: a sweep is for all of them. Counting in the trial ledger and the report are not measured.
"""

from __future__ import annotations

import os
import resource
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numba
import numpy as np
from numpy.typing import NDArray

from assay.apps.lab.backtests.backtest import Request, prepare_request
from assay.apps.lab.sweeps.course import Course, measure_variants
from assay.runtime.environment import count_cores
from benches.harness import Bench, Round, time_batch
from benches.workload.runs import WALK_FILE
from benches.workload.walk import generate_walk, write_walk

BARS = 100_000
PAIRS = [(fast, slow) for fast in range(5, 25) for slow in range(30, 230, 4)]
UNITS, HALF_SPREAD, BP_DIVISOR = 10_000, 5, 20_000
FLOOR = BARS * 1_000 / 3.0
"""Three seconds a sweep, on two cores."""


@numba.njit(cache=False, nogil=True)
def run_pair(
    opens: NDArray[np.int64], closes: NDArray[np.int64], equity: NDArray[np.int64], fast: int,
    slow: int,
) -> int:  # fmt: skip
    """Walk the bars once with two averages, fill `equity` and return the number of fills."""
    fast_sum = slow_sum = position = cash = fills = want = before = 0
    for i in range(closes.shape[0]):
        if want != position:
            traded = want - position
            price = opens[i] + (HALF_SPREAD if traded > 0 else -HALF_SPREAD)
            cash -= traded * price + abs(traded) * price // BP_DIVISOR
            position = want
            fills += 1
        fast_sum += closes[i] - (closes[i - fast] if i >= fast else 0)
        slow_sum += closes[i] - (closes[i - slow] if i >= slow else 0)
        if i >= slow - 1:
            gap = fast_sum * slow - slow_sum * fast
            if i >= slow:
                if gap > 0 and before <= 0:
                    want = UNITS
                elif gap < 0 and before >= 0:
                    want = -UNITS
            before = gap
        equity[i] = cash + position * closes[i]
    return fills


@contextmanager
def _all_cores() -> Iterator[int]:
    """Let this thread and those it starts use every core, then pin it where it was."""
    if not hasattr(os, "sched_setaffinity"):
        yield count_cores()
        return
    pinned = os.sched_getaffinity(0)
    os.sched_setaffinity(0, range(os.cpu_count() or 1))
    try:
        yield count_cores()
    finally:
        os.sched_setaffinity(0, pinned)


def _time(work: Callable[[int], object]) -> Round:
    with _all_cores() as cores:
        return time_batch(BARS * len(PAIRS), lambda: work(cores))


def build(folder: Path) -> Bench:
    """Prepare the course and require that every pair fills as often as in the bare loop."""
    walk = generate_walk(BARS)
    path = write_walk(walk, folder / WALK_FILE)
    course = Course.of(prepare_request(Request(data=[path], strategy="sma-cross")))
    variants = [{"fast": fast, "slow": slow, "units": UNITS} for fast, slow in PAIRS]

    def bare(cores: int) -> list[int]:
        def run(pair: tuple[int, int]) -> int:
            return int(run_pair(walk.open, walk.close, np.empty(BARS, np.int64), *pair))

        with ThreadPoolExecutor(cores) as pool:
            return list(pool.map(run, PAIRS))

    with _all_cores() as cores:
        found, expected = measure_variants(course, variants, cores), bare(cores)
    if [one.fills for one in found] != expected:
        raise RuntimeError("a pair of the sweep does not fill as often as in the bare loop")
    return Bench(
        what="1,000 pairs of SMA cross, every rule and cost, figures and daily returns of each",
        items="bars",
        figure="rate",
        reference_what="bare Numba loop over the same pairs and cores",
        subject=lambda: _time(lambda cores: measure_variants(course, variants, cores)),
        reference=lambda: _time(bare),
        floor=FLOOR,
        notes={
            "fills": sum(expected), "cores": os.cpu_count(),
            "resident_most_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        },
    )  # fmt: skip

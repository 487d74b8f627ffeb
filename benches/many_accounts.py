"""The engine's step for 2,000 accounts on one bar, each with parameters of its own."""

from __future__ import annotations

import time
from pathlib import Path

import msgspec
import numpy as np

from assay.apps.lab.runs.setup import Setup
from assay.trading.engine.world import World, build_world
from benches.harness import Bench, Round
from benches.workload.runs import prepare_run
from benches.workload.walk import generate_walk

ACCOUNTS = 2_000
BARS = 3_000
WARM_UP = 300
FLOOR_US = 100.0


def _world(setup: Setup, accounts: int) -> World:
    instruments, limits, schedule = setup.terms
    specs = [
        msgspec.structs.replace(setup.account, id=f"account-{number}") for number in range(accounts)
    ]
    params = [[[20 + number % 30, 60 + number % 140, 10_000]] for number in range(accounts)]
    words = setup.strategy.module.memory_words({"fast": 50, "slow": 200})
    terms = (instruments, np.repeat(limits, accounts, axis=0), schedule)
    return build_world(specs, params, terms, words, (ACCOUNTS * 64, accounts * 8))


def _time_bars(setup: Setup, accounts: int, events: np.ndarray) -> Round:
    world, run, clock = _world(setup, accounts), setup.strategy.run, time.perf_counter_ns
    marks = np.empty(BARS - WARM_UP + 1, np.int64)
    for bar in range(BARS):
        if bar >= WARM_UP:
            marks[bar - WARM_UP] = clock()
        run(world.handle, events, bar, bar + 1)
        world.counts[:4] = 0
    marks[-1] = clock()
    spans = np.diff(marks) / 1e3
    return Round(len(spans), float(spans.sum()) / 1e6, spans)


def build(folder: Path) -> Bench:
    """Step the accounts over a walk bar by bar: match, mark, decide, check, log equity."""
    setup = prepare_run(folder, generate_walk(BARS), "sma-cross", "default")
    events = setup.events()
    return Bench(
        what=f"one bar stepped for {ACCOUNTS:,} accounts, every rule",
        items="bars",
        figure="latency",
        reference_what="the same for one account",
        subject=lambda: _time_bars(setup, ACCOUNTS, events),
        reference=lambda: _time_bars(setup, 1, events),
        floor=FLOOR_US,
    )

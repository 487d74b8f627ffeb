"""Compile every built-in strategy's loop, so that no trade waits for the compiler.

Run by `make install`: python -m assay.trading.engine.compile
"""

from __future__ import annotations

import sys

import numpy as np

from assay.kernel.records import EVENT, INSTRUMENT, LIMITS, SCHEDULE
from assay.model.accounts import AccountSpec
from assay.trading.engine.loading import BUILT_IN, Strategy, load_strategy, strategy_names
from assay.trading.engine.loop import finish_event
from assay.trading.engine.step import cancel_all
from assay.trading.engine.world import World, build_world


def idle_world(strategy: Strategy) -> World:
    """Return an engine of one account and one instrument that nobody trades."""
    params = list(strategy.parameters.values())
    terms = (np.zeros(1, INSTRUMENT), np.zeros((1, 1), LIMITS), np.zeros(0, SCHEDULE))
    words = strategy.module.memory_words(strategy.parameters)
    return build_world([AccountSpec(id="idle")], [[params]], terms, words)


def compile_all(names: list[str]) -> None:
    """Compile the loops of these strategies and what the message path calls besides."""
    for count, name in enumerate(names, 1):
        sys.stderr.write(f"compiling the engine for {name} ({count} of {len(names)})\n")
        strategy = load_strategy(name)
        world = idle_world(strategy)
        events = np.zeros(1, EVENT)
        strategy.run(world.handle, events, 0, 0)
        cancel_all(world.handle, 0, 0)
        finish_event(world.handle, 0, 0, events[0])


if __name__ == "__main__":
    compile_all([name for name, path in strategy_names().items() if path.parent == BUILT_IN])

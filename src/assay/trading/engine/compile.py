"""Compile every built-in strategy's loop, so that no trade waits for the compiler.

Run by `make install`: python -m assay.trading.engine.compile
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from assay.kernel.compiling import bind_types
from assay.kernel.records import EVENT, FORECAST, INSTRUMENT, LIMITS, SCHEDULE
from assay.model.accounts import AccountSpec
from assay.trading.decision.weighing import weigh_bars
from assay.trading.engine.brackets import LABELLING
from assay.trading.engine.loading import BUILT_IN, Strategy, load_strategy, strategy_names
from assay.trading.engine.loop import finish_event
from assay.trading.engine.pursuing import enter_close, follow_market
from assay.trading.engine.slots import take_away
from assay.trading.engine.step import cancel_all, place_intent
from assay.trading.engine.ticketed import settle_ticket
from assay.trading.engine.venue import expect_margin, settle_deal, take_over_stops
from assay.trading.engine.world import World, build_world


def idle_world(strategy: Strategy) -> World:
    """Return an engine of one account and one instrument that nobody trades."""
    params = list(strategy.parameters.values())
    terms = (np.zeros(1, INSTRUMENT), np.zeros((1, 1), LIMITS), np.zeros(0, SCHEDULE))
    words = strategy.module.memory_words(strategy.parameters)
    return build_world([AccountSpec(id="idle")], [[params]], terms, words)


def compile_strategy(name: str, folder: Path | None = None) -> None:
    """Compile the loop of a strategy and what the message path calls besides."""
    strategy = load_strategy(name, folder)
    world = idle_world(strategy)
    events = np.zeros(1, EVENT)
    strategy.run(world.handle, events, 0, 0)
    bind_types(strategy.step, world.address)
    if strategy.conclude:
        strategy.match(world.handle, events, 0, 0)
        bind_types(strategy.conclude, world.handle, events, 0, 0)
    cancel_all(world.handle, 0, 0)
    place_intent(world.handle, 0, 0, 0)
    settle_deal(world.handle, 0, 0, (0, 0, 0), 0)
    settle_ticket(world.handle, 0, 0, (0, 0, 0), (0, 0, 0))
    take_over_stops(world.handle, 0, 0, 0, 0, 0)
    expect_margin(world.handle, 0, 0, 0)
    take_away(world.handle, 0, 0, 0, 0)
    follow_market(world.handle, 0, 0)
    enter_close(world.handle, 0, 0, 0, 0, 0)
    finish_event(world.handle, 0, 0, events[0])


def compile_all() -> None:
    """Compile every built-in strategy, those that make labels, and the weighing of bars."""
    built_in = [name for name, path in strategy_names().items() if path.parent == BUILT_IN]
    labelling = [path.stem for path in sorted(LABELLING.glob("[a-z]*.py"))]
    whole = len(built_in) + len(labelling)
    for count, name in enumerate(built_in + labelling, 1):
        sys.stderr.write(f"compiling the engine for {name} ({count} of {whole})\n")
        compile_strategy(name, LABELLING if name in labelling else None)
    weigh_bars(np.zeros(0, EVENT), np.zeros(0, FORECAST), np.zeros(1, INSTRUMENT))


if __name__ == "__main__":
    compile_all()

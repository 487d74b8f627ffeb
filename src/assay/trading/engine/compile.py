"""Compile every built-in strategy's loop, so that no trade waits for the compiler.

Run by `make install`, a share by each of two processes: python -m assay.trading.engine.compile 1 2
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
from assay.trading.engine.following import tighten_stop, tighten_ticket
from assay.trading.engine.loading import BUILT_IN, Strategy, load_strategy, strategy_names
from assay.trading.engine.loop import finish_event
from assay.trading.engine.pursuing import enter_close, follow_market
from assay.trading.engine.slots import take_away
from assay.trading.engine.step import cancel_all, place_intent, reduce_position, reduce_ticket
from assay.trading.engine.ticketed import settle_ticket
from assay.trading.engine.venue import expect_margin, settle_deal, take_over_stops
from assay.trading.engine.watching import Watch
from assay.trading.engine.world import World, build_world


def idle_world(strategy: Strategy) -> World:
    """Return an engine of one account and one instrument that nobody trades."""
    params = list(strategy.parameters.values())
    terms = (np.zeros(1, INSTRUMENT), np.zeros((1, 1), LIMITS), np.zeros(0, SCHEDULE))
    words = strategy.module.memory_words(strategy.parameters)
    return build_world([AccountSpec(id="idle")], [[params]], terms, words)


def compile_strategy(name: str, folder: Path | None = None) -> None:
    """Compile the loop of a strategy, in all the ways that it is run."""
    strategy = load_strategy(name, folder)
    world = idle_world(strategy)
    events = np.zeros(1, EVENT)
    strategy.run(world.handle, events, 0, 0)
    bind_types(strategy.step, world.address)
    if strategy.conclude:
        strategy.match(world.handle, events, 0, 0)
        bind_types(strategy.conclude, world.handle, events, 0, 0)


def compile_message_path(name: str) -> None:
    """Compile what the message path calls besides a loop, for every strategy the same."""
    world = idle_world(load_strategy(name))
    events = np.zeros(1, EVENT)
    cancel_all(world.handle, 0, 0)
    place_intent(world.handle, 0, 0, 0)
    settle_deal(world.handle, 0, 0, (0, 0, 0), 0)
    settle_ticket(world.handle, 0, 0, (0, 0, 0), (0, 0, 0))
    take_over_stops(world.handle, 0, 0, 0, 0, 0)
    expect_margin(world.handle, 0, 0, 0)
    take_away(world.handle, 0, 0, 0, 0)
    bind_types(reduce_position, world.handle, 0, 0, 0)
    bind_types(reduce_ticket, world.handle, 0, 0, 0, 0)
    bind_types(tighten_stop, world.handle, 0, 0, 0)
    bind_types(tighten_ticket, world.handle, 0, 0, 0, 0)
    follow_market(world.handle, 0, 0)
    enter_close(world.handle, 0, 0, 0, 0, 0)
    finish_event(world.handle, 0, 0, events[0])
    Watch([AccountSpec(id="idle")], world)


def compile_share(part: int, parts: int) -> None:
    """Compile one of so many shares of the engine: the last begins with the message path.

    Programs that compile different shares at once find in the cache what the others have compiled.
    """
    built_in = [name for name, path in strategy_names().items() if path.parent == BUILT_IN]
    labelling = [path.stem for path in sorted(LABELLING.glob("[a-z]*.py"))]
    if part == parts:
        sys.stderr.write("compiling the message path of the engine\n")
        compile_message_path(built_in[0])
    for name in (built_in + labelling)[part - 1 :: parts]:
        sys.stderr.write(f"compiling the engine for {name}\n")
        compile_strategy(name, LABELLING if name in labelling else None)
    if part == 1:
        weigh_bars(np.zeros(0, EVENT), np.zeros(0, FORECAST), np.zeros(1, INSTRUMENT))


if __name__ == "__main__":
    compile_share(*(int(word) for word in sys.argv[1:]))

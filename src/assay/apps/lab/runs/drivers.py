"""The two drivers of a backtest: the compiled loop, and the full message path."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import msgspec
import numpy as np

from assay import __version__
from assay.apps.lab.feeds.events import Flow
from assay.apps.lab.runs.dispatch import MessagePath, QuietBars, Sink
from assay.apps.lab.runs.outcome import Outcome, OutcomeCollector
from assay.apps.lab.runs.setup import Setup
from assay.apps.topology import build_topology
from assay.kernel.records import BASE_BAR, MATCHED_ON_TICKS
from assay.model.errors import UsageError
from assay.model.messages import BarClosed, PlatformStarted, RegimeChanged, Tick
from assay.model.time import SECOND
from assay.runtime.clock import Stopwatch
from assay.runtime.ids import COUNTER_BITS, IdSource
from assay.trading.engine.ahead import RunAhead
from assay.trading.engine.module import EVENT_BYTES

CHUNK = 65_536
_NO_SIZES = [(None, None)] * CHUNK
FEED, PLATFORM = 1, 2
"""Producers of ids: the feed's messages, and all that follows from them."""


@dataclass(slots=True)
class Run:
    """Hold a finished run: its outcome, bars, seconds in the driver, any halt, and regimes told."""

    outcome: Outcome
    bars: int
    seconds: float
    halted: str = ""
    regimes: int = 0


def require_compiled_loop(setup: Setup) -> None:
    """Raise UsageError for what the compiled loop alone cannot trade."""
    if why := say_replay_alone(setup):
        raise UsageError(why)


def say_replay_alone(setup: Setup) -> str:
    """Say why the compiled loop alone cannot trade a setup, empty where it can."""
    if not setup.strategy.is_compiled:
        return (
            f"strategy {setup.strategy.name} is plain Python; use --driver replay, or mark its "
            "decide with @compiled"
        )
    if setup.acts is not None and setup.acts.regime_sizes:
        return (
            "the sweep is told no regimes, which acts.regime_sizes follows; "
            "use `assay backtest --driver replay`, or take regime_sizes out of [acts]"
        )
    if setup.acts is not None:
        return "the sweep does not act on open positions as [acts] asks; use --driver replay"
    if setup.profile.needs_measures:
        return (
            "the sweep does not measure value at risk, which the risk limits ask for; "
            "use --driver replay"
        )
    return ""


def sweep(setup: Setup, on_progress: Callable[[int], None] | None = None) -> Run:
    """Run the compiled loop over every event; compiling and loading are not in its seconds."""
    require_compiled_loop(setup)
    events = setup.events()
    bars = int((events["kind"] == BASE_BAR).sum())
    setup.strategy.run(setup.world().handle, events, 0, 0)
    world = setup.world(bars, events)
    handle, done, watch = world.handle, 0, Stopwatch()
    while done < len(events):
        stop = min(done + 16 * CHUNK, len(events)) if on_progress else len(events)
        reached = setup.strategy.run(handle, events, done, stop)
        if reached < stop:
            handle = world.grow()
        if on_progress:
            on_progress(reached - done)
        done = reached
    return Run(Outcome.of_world(world), bars, watch.elapsed())


def feed_messages(
    setup: Setup, events: np.ndarray, start: int = 0, *, fed: int = 0
) -> Iterator[BarClosed | Tick]:
    """Yield events as market messages; the id of each is its place, so a restart repeats it.

    `fed` is how many events other runs of the same journal were fed before this one.
    """
    symbols, first_id = setup.symbols, (FEED << COUNTER_BITS) + fed
    sizes = setup.sizes(events)
    flows = [setup.flow(i) for i in range(len(symbols))] if setup.reads_flow else []
    for begin in range(start, len(events), CHUNK):
        rows = EVENT_BYTES.iter_unpack(events[begin : begin + CHUNK].view(np.uint8))
        told = _NO_SIZES if sizes is None else sizes[begin : begin + CHUNK].tolist()
        for place, row in enumerate(rows, first_id + begin + 1):
            ts, open_, high, low, close, s_open, s_high, s_low, s_close, i, kind, flags, seconds = (
                row
            )
            if kind == BASE_BAR:
                length = seconds * SECOND
                bar = BarClosed(
                    id=place, ts_event=ts, ts_init=ts, symbol=symbols[i], timeframe=length,
                    ts_open=ts - length, open=open_, high=high, low=low, close=close,
                    spread_open=s_open, spread_high=s_high, spread_low=s_low,
                    spread_close=s_close, has_ticks=flags & MATCHED_ON_TICKS != 0,
                )  # fmt: skip
                yield _with_flow(bar, flows[i]) if flows else bar
            else:
                bid_size, ask_size = told[place - first_id - begin - 1]
                yield Tick(
                    id=place, ts_event=ts, ts_init=ts, symbol=symbols[i], bid=close,
                    ask=close + s_close, bid_size=bid_size or None, ask_size=ask_size or None,
                )  # fmt: skip


def _with_flow(bar: BarClosed, flow: Flow | None) -> BarClosed:
    return bar if flow is None else msgspec.structs.replace(bar, flow=flow.tell(bar.ts_event))


def start_message(ts: int) -> PlatformStarted:
    """Return the message that opens the books of a run."""
    return PlatformStarted(
        id=(PLATFORM << COUNTER_BITS) - 1, ts_event=ts, ts_init=ts, version=__version__, run="run"
    )


def replay(
    setup: Setup,
    sink: Sink | None = None,
    on_progress: Callable[[int], None] | None = None,
    *,
    wire: bool = False,
) -> Run:
    """Run the full message path: trading, ledger and reconciler, one message at a time.

    Where the desk decides on bars by itself, the engine runs ahead to the next trade and each bar's
    messages follow; with `wire` it never does. Raises UsageError where sizes follow regimes that
    the setup has no classifiers of.
    """
    events = setup.events()
    regimes = told_regimes(setup, events)
    many, ids = len(regimes), IdSource(PLATFORM)
    topology = build_topology(setup, ids.next)
    setup.strategy.run(setup.world().handle, events, 0, 0)
    path = MessagePath(topology.runner(wire=wire), OutcomeCollector(setup), sink)
    is_quick = not wire and topology.is_bare and RunAhead.is_possible(topology.desk, events)
    quiet = QuietBars(topology, events, ids.next) if is_quick else None
    watch = Stopwatch()
    path.take(start_message(int(events["ts"][0]) if len(events) else 0))
    feed, count, told = feed_messages(setup, events), 0, 0
    try:
        while count < len(events):
            if quiet:
                count += quiet.take(path, feed, count)
                if path.collector.halted:
                    break
            if message := next(feed, None):
                while regimes and regimes[0].ts_event < message.ts_event:
                    path.take(regimes.popleft())
                path.take(message)
                count += 1
            if on_progress and count - told >= CHUNK:
                on_progress(count - told)
                told = count
        for last in regimes:
            path.take(last)
    finally:
        path.flush()
    seconds = watch.elapsed()
    bars = int((events["kind"] == BASE_BAR).sum())
    collector = path.collector
    return Run(collector.outcome(), bars, seconds, collector.halted, many)


def told_regimes(setup: Setup, events: np.ndarray) -> deque[RegimeChanged]:
    """Return the changes of regime that a run's sizes follow, in the order of time."""
    if setup.acts is None or not setup.acts.regime_sizes:
        return deque()
    if not setup.regimes:
        raise UsageError(
            "acts.regime_sizes follows regimes that this run is not told; give it the home that "
            "keeps the classifiers of [conditions]"
        )
    from assay.apps.conditions.past import tell_regimes

    return deque(tell_regimes(setup, events))

"""The link holds what it promises: no quote lost or doubled, no command carried out twice."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from assay.runtime.clock import Deadline, require_within
from tests.sim.edging import (
    SYMBOLS,
    Broker,
    CountingGateway,
    Desk,
    QuoteTerminal,
    RunningBridge,
    command,
    make_desk,
    make_ticks,
    running_bridge,
    running_edge,
    tick_keys,
)
from tests.sim.faulty_proxy import Faults, FaultyProxy

LONG_S = 60.0
CUTS, QUOTES = 30, 16_000
QUOTES_A_CUT, COMMANDS_A_CUT = 500, 2
"""So much is on its way while a line breaks that often."""
WORN = Faults(double=0.1, reorder=0.1, cut=0.05, mute=0.002)


def assert_all_is_there(desk: Desk, terminal: QuoteTerminal, broker: Broker, sent: int) -> None:
    """Hold what the feeds gave against what the terminal showed and the broker got."""
    for name in terminal.ticks:
        assert tick_keys(desk.ticks, name) == [time for time, _ in terminal.keys(name)]
    assert desk.gone == 0
    assert sorted(broker.executed) == list(range(1, sent + 1))
    told = desk.outcomes()
    assert sorted(told) == list(range(1, sent + 1))
    assert {key: hows for key, hows in told.items() if len(hows) != 1} == {}


def test_quotes_and_commands_cross_the_link(tmp_path: Path) -> None:
    desk, broker = make_desk(tmp_path), Broker()
    terminal = QuoteTerminal({name: make_ticks(5_000, 1) for name in SYMBOLS}, shown=5_000)
    with running_bridge(desk.home) as bridge:
        bridge.submit(desk.grant, command(1))
        url = f"ws://127.0.0.1:{bridge.port}"
        with running_edge(tmp_path / "edge", desk, url, terminal, CountingGateway(broker)):
            bridge.submit(desk.grant, command(2))
            require_within(lambda: desk.count() == 10_000, "all ticks", seconds=LONG_S)
            require_within(lambda: len(desk.outcomes()) == 2, "outcomes", seconds=LONG_S)
            bridge.submit(desk.grant, command(2))
            require_within(lambda: len(desk.outcomes()[2]) == 2, "the repeat", seconds=LONG_S)
    assert broker.executed == [1, 2]
    assert desk.outcomes() == {1: ["executed"], 2: ["executed", "repeated"]}
    for name in SYMBOLS:
        assert tick_keys(desk.ticks, name) == [time for time, _ in terminal.keys(name)]


@pytest.mark.parametrize("seed", [1])
def test_a_worn_line_loses_and_doubles_nothing(tmp_path: Path, seed: int) -> None:
    live_through_cuts(tmp_path, seed, cuts=CUTS)


def live_through_cuts(folder: Path, seed: int, *, cuts: int) -> None:
    """Send quotes and commands over a bad line until it broke often enough; nothing is amiss."""
    desk, broker = make_desk(folder), Broker()
    quotes, commands = QUOTES_A_CUT * cuts, COMMANDS_A_CUT * cuts
    terminal = QuoteTerminal({name: make_ticks(quotes, seed) for name in SYMBOLS})
    sent, deadline = 0, Deadline(LONG_S + 3 * cuts)
    with ExitStack() as stack:
        bridge = stack.enter_context(running_bridge(desk.home))
        proxy = stack.enter_context(FaultyProxy(lambda: bridge.port, WORN, seed))
        url = f"ws://127.0.0.1:{proxy.port}"
        gateway = CountingGateway(broker)
        stack.enter_context(running_edge(folder / "edge", desk, url, terminal, gateway))
        while proxy.cuts + proxy.muted < cuts or terminal.shown < quotes:
            assert not deadline.has_passed(), (proxy.cuts, terminal.shown)
            terminal.shown = min(terminal.shown + 50, quotes)
            if sent < commands:
                sent += 1
                bridge.submit(desk.grant, command(sent))
            deadline.pause(0.01)
        proxy.faults = Faults()
        proxy.cut_all()
        require_within(lambda: desk.count() >= 2 * quotes, "all ticks", seconds=LONG_S)
        require_within(lambda: len(desk.outcomes()) >= sent, "all outcomes", seconds=LONG_S)
    assert min(proxy.doubled, proxy.reordered, proxy.cuts) > 0, seed
    assert_all_is_there(desk, terminal, broker, sent)


@contextmanager
def killable_bridge(desk: Desk) -> Iterator[list[RunningBridge]]:
    """Run a bridge in a list of one, so that a test may put another in its place."""
    running = [RunningBridge(desk.home)]
    running[0].start()
    try:
        yield running
    finally:
        running[0].stop()


def test_a_bridge_that_is_killed_goes_on_where_it_was(tmp_path: Path) -> None:
    desk, broker = make_desk(tmp_path), Broker()
    terminal = QuoteTerminal({name: make_ticks(QUOTES, 3) for name in SYMBOLS})
    sent = 0
    with (
        killable_bridge(desk) as running,
        FaultyProxy(lambda: running[0].port, Faults(), 1) as proxy,
    ):
        url = f"ws://127.0.0.1:{proxy.port}"
        gateway = CountingGateway(broker)
        with running_edge(tmp_path / "edge", desk, url, terminal, gateway):
            for _ in range(8):
                # Counted first: on a busy machine all of them may be there before the order is.
                before = desk.count()
                terminal.shown += QUOTES // 8
                sent += 1
                running[0].submit(desk.grant, command(sent))
                require_within(lambda n=before: desk.count() > n, "a tick", seconds=LONG_S)
                running[0].kill()
                running[0] = RunningBridge(desk.home)
                running[0].start()
            require_within(lambda: desk.count() >= 2 * QUOTES, "all ticks", seconds=LONG_S)
            require_within(lambda: len(desk.outcomes()) >= sent, "outcomes", seconds=LONG_S)
    assert_all_is_there(desk, terminal, broker, sent)

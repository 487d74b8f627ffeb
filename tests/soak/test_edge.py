"""A minute of many quotes, two hundred broken lines, thirty kills, as far as the budget reaches."""

from __future__ import annotations

import sys
from pathlib import Path

from assay.runtime.clock import Deadline, Stopwatch, require_within
from tests.sim.edging import (
    SYMBOLS,
    Broker,
    CountingGateway,
    QuoteTerminal,
    make_desk,
    make_ticks,
    running_bridge,
    running_edge,
)
from tests.sim.test_edge import assert_all_is_there, live_through_cuts
from tests.sim.test_edge_terminal import live_through_kills

RATE, MINUTE_S = 15_000, 60.0
"""Quotes a second, all symbols together, and for how long."""
BEHIND_S = 5.0
"""How far behind the terminal its readers may be, at any moment and at the end."""
CUTS, KILLS = 200, 30
CUT_S, KILL_S = 0.5, 3.0
"""What one takes, what comes after it included."""


def test_a_minute_of_fifteen_thousand_quotes_a_second(tmp_path: Path, soak_seconds: float) -> None:
    """From a terminal's ticks over the WebSocket to who reads them behind the bridge."""
    seconds = max(5.0, min(MINUTE_S, soak_seconds))
    desk, broker = make_desk(tmp_path), Broker()
    each = round(RATE * seconds) // len(SYMBOLS)
    terminal = QuoteTerminal({name: make_ticks(each, seed) for seed, name in enumerate(SYMBOLS)})
    with running_bridge(desk.home) as bridge:
        url = f"ws://127.0.0.1:{bridge.port}"
        with running_edge(tmp_path / "edge", desk, url, terminal, CountingGateway(broker)):
            watch, deadline, most = Stopwatch(), Deadline(3 * MINUTE_S), 0
            while terminal.shown < each:
                assert not deadline.has_passed(), terminal.shown
                terminal.shown = min(each, int(watch.elapsed() * RATE) // len(SYMBOLS))
                most = max(most, len(SYMBOLS) * terminal.shown - desk.count())
                deadline.pause(0.01)
            require_within(
                lambda: desk.count() >= len(SYMBOLS) * each, "the last quotes", seconds=BEHIND_S
            )
    sys.stdout.write(f" {len(desk.ticks):,} quotes in {watch.elapsed():.1f} s, {most:,} behind ")
    assert most < BEHIND_S * RATE
    assert_all_is_there(desk, terminal, broker, sent=0)


def test_two_hundred_cuts_lose_and_double_nothing(
    tmp_path: Path, soak_seconds: float, soak_seed: int
) -> None:
    cuts = max(20, min(CUTS, int(soak_seconds / CUT_S)))
    live_through_cuts(tmp_path, soak_seed, cuts=cuts)


def test_thirty_kills_send_each_order_once(
    tmp_path: Path, soak_seconds: float, soak_seed: int
) -> None:
    kills = max(2, min(KILLS, int(soak_seconds / KILL_S)))
    live_through_kills(tmp_path, seed=soak_seed, kills=kills, orders=8 * kills)

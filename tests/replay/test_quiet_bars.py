"""Where the engine runs ahead of its messages, they are those of one bar after the other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from assay.apps.lab.runs.dispatch import AHEAD, MessagePath, QuietBars
from assay.apps.lab.runs.drivers import PLATFORM, feed_messages, replay, start_message
from assay.apps.lab.runs.outcome import OutcomeCollector
from assay.apps.lab.runs.setup import Setup, prepare
from assay.apps.topology import Topology, build_topology
from assay.books.ledger.chart import CASH
from assay.books.ledger.reconcile import HALT_REASON
from assay.model.messages import GapFound, Message, OrderFilled, TradingHalted
from assay.runtime.ids import IdSource
from assay.trading.engine.loading import load_strategy
from tests.replay.markets import generate_market

BARS = 3 * AHEAD
SLOW = {"sma-cross": {"fast": "40", "slow": "90"}, "breakout": {"bars": "60"}}


def setup_of(strategy: str, symbol: str, *, gapped: bool, quoted: bool) -> Setup:
    market = generate_market((symbol,), BARS, 11, gapped=gapped, quoted=quoted)
    return prepare(market, load_strategy(strategy), given=SLOW[strategy], risk="reference")


def messages_of(setup: Setup, *, wire: bool) -> list[Message]:
    seen: list[Message] = []
    assert replay(setup, seen.extend, wire=wire).halted == ""
    return seen


@pytest.mark.parametrize("gapped", [False, True], ids=["gapless", "gapped"])
@pytest.mark.parametrize("quoted", [False, True], ids=["mid", "quoted"])
@pytest.mark.parametrize("symbol", ["EURUSD", "USDJPY", "XAUUSD"])
@pytest.mark.parametrize("strategy", ["sma-cross", "breakout"])
def test_running_ahead_changes_no_message(
    strategy: str, symbol: str, quoted: bool, gapped: bool
) -> None:
    setup = setup_of(strategy, symbol, gapped=gapped, quoted=quoted)
    quick, one_by_one = messages_of(setup, wire=False), messages_of(setup, wire=True)
    assert quick == one_by_one
    assert any(isinstance(each, OrderFilled) for each in quick)


def _rob_the_ledger(topology: Topology) -> None:
    topology.ledger._state.accounts["paper"].balances[CASH] -= 1


def _rob_the_engine(topology: Topology) -> None:
    topology.desk.world.accounts[0]["balance"] -= 1


def _forget_a_unit(topology: Topology) -> None:
    topology.desk.world.positions[0, 0]["quantity"] += 1_000


@pytest.mark.parametrize("sabotage", [_rob_the_ledger, _rob_the_engine, _forget_a_unit])
def test_a_gap_at_a_quiet_bar_ends_the_run(sabotage: Any) -> None:
    setup = setup_of("sma-cross", "EURUSD", gapped=False, quoted=True)
    events, ids, seen = setup.events(), IdSource(PLATFORM), list[Message]()
    topology = build_topology(setup, ids.next)
    path = MessagePath(topology.runner(), OutcomeCollector(setup), seen.extend)
    path.take(start_message(int(events["ts"][0])))
    quiet, feed = QuietBars(topology, events, ids.next), feed_messages(setup, events)
    count = _trade(path, quiet, feed, seen)
    before = len(seen)
    sabotage(topology)
    quiet.take(path, feed, count)
    path.flush()
    assert path.collector.halted == HALT_REASON
    found = [type(each) for each in seen[before:]]
    assert found[2:] == [GapFound, TradingHalted]


def _trade(path: MessagePath, quiet: QuietBars, feed: Iterator[Any], seen: list[Message]) -> int:
    """Go on until something was filled; return the events that took."""
    count = 0
    while not any(isinstance(each, OrderFilled) for each in seen):
        count += quiet.take(path, feed, count)
        path.take(next(feed))
        path.flush()
        count += 1
    return count

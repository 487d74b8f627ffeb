"""Sets of bars in whole runs: told where several instruments trade, alike in every driver."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from assay.apps.lab.runs.drivers import feed_messages, start_message, sweep
from assay.apps.lab.runs.drivers import replay as replay_run
from assay.apps.lab.runs.setup import Setup, prepare
from assay.apps.paper.trader.hotpath import PaperTrader
from assay.apps.topology import build_topology
from assay.market.bars import bars_to_bars
from assay.model.errors import OperatorError
from assay.model.messages import BarClosed, BarSetClosed, Message, encode_message
from assay.model.time import HOUR, Timeframe
from assay.runtime.clock import SimClock
from assay.runtime.ids import IdSource
from assay.runtime.journal import MemoryJournal
from assay.trading.brokers.paper import PaperBroker
from assay.trading.engine.loading import load_strategy
from tests.replay.markets import generate_market

THREE = ("EURGBP", "GBPUSD", "USDJPY")
FAST = {"fast": "5", "slow": "12", "units": "1000"}


def setup_of(symbols: Sequence[str], *, gapped: bool = True) -> Setup:
    series = generate_market(symbols, 300, 9, gapped=gapped, quoted=True)
    return prepare(series, load_strategy("sma-cross"), given=FAST, risk="reference")


def replay(setup: Setup, *, wire: bool = False) -> list[Message]:
    """Return every message of a replay, in order."""
    events = setup.events()
    runner = build_topology(setup, IdSource(2).next).runner(wire=wire)
    told = runner.push(start_message(int(events["ts"][0])))
    for message in feed_messages(setup, events):
        told += runner.push(message)
    return told


def sets_of(messages: Sequence[Message]) -> list[BarSetClosed]:
    return [each for each in messages if isinstance(each, BarSetClosed)]


def test_one_instrument_has_no_sets() -> None:
    setup = setup_of(["EURUSD"])
    assert build_topology(setup, IdSource(2).next).sets is None
    assert sets_of(replay(setup)) == []


@pytest.mark.parametrize("gapped", [False, True], ids=["gapless", "gapped"])
def test_each_close_is_told_once_with_who_is_missing(gapped: bool) -> None:
    setup = setup_of(THREE, gapped=gapped)
    told = replay(setup)
    sets, bars = sets_of(told), [each for each in told if isinstance(each, BarClosed)]
    closes = {symbol: {each.ts_event for each in bars if each.symbol == symbol} for symbol in THREE}
    every = sorted(set().union(*closes.values()))
    by_close = {each.ts_close: each for each in sets}
    # The last close waits for a later event if somebody misses it.
    expected = [at for at in every if at < every[-1] or all(at in own for own in closes.values())]
    assert [each.ts_close for each in sets] == expected
    for at, each in by_close.items():
        assert each.missing == tuple(symbol for symbol in THREE if at not in closes[symbol])
        assert each.late == ()
    assert any(each.missing for each in sets) == gapped
    ids = [each.id for each in bars]
    assert all(set(each.bars) <= set(ids) for each in sets)


def test_a_set_comes_before_what_the_desk_makes_of_its_last_bar(wire: bool) -> None:
    told = replay(setup_of(THREE, gapped=False), wire=wire)
    for place, each in enumerate(told):
        if isinstance(each, BarSetClosed):
            before = told[place - 1]
            assert isinstance(before, BarClosed)
            assert each.cause == before.id == each.bars[-1]
            assert each.ts_event == before.ts_event


def test_replay_wire_and_paper_tell_the_same_sets(tmp_path: Path) -> None:
    setup = setup_of(THREE)
    plain = sets_of(replay(setup))
    assert len(plain) > 200
    assert [encode_message(each) for each in sets_of(replay(setup, wire=True))] == [
        encode_message(each) for each in plain
    ]
    journal, broker = MemoryJournal(), PaperBroker(tmp_path / "book.jsonl")
    trader = PaperTrader(setup, "setup", journal, broker, SimClock(1))
    trader.recover()
    trader.run(feed_messages(setup, setup.events()))
    broker.close()
    kept = sets_of([recorded.message for recorded in journal.read()])

    def content(sets: list[BarSetClosed]) -> list[tuple[object, ...]]:
        return [(each.ts_close, each.ts_event, each.bars, each.missing) for each in sets]

    assert content(kept) == content(plain)


def test_a_restored_topology_tells_the_sets_that_follow() -> None:
    setup = setup_of(THREE)
    events = list(feed_messages(setup, setup.events()))
    whole = replay(setup)
    for cut in (1, 50, 333):
        ids = IdSource(2)
        first = build_topology(setup, ids.next)
        told = first.runner().push(start_message(events[0].ts_event))
        runner = first.runner()
        for message in events[:cut]:
            told += runner.push(message)
        again = IdSource(2, ids.state)
        second = build_topology(setup, again.next)
        second.restore(first.snapshot())
        assert second.snapshot() == first.snapshot()
        runner = second.runner()
        for message in events[cut:]:
            told += runner.push(message)
        assert sets_of(told) == sets_of(whole)


def test_a_snapshot_of_other_modules_is_refused() -> None:
    one, three = (build_topology(setup_of(each), IdSource(2).next) for each in (THREE[1:2], THREE))
    with pytest.raises(OperatorError, match="holds 3 modules and this program runs 4"):
        three.restore(one.snapshot())


def test_only_timeframes_that_several_share_have_sets() -> None:
    series = generate_market(THREE, 300, 9, gapped=True, quoted=True)
    longer = bars_to_bars(series[2], Timeframe.H4)
    setup = prepare([*series[:2], longer], load_strategy("sma-cross"), given=FAST, risk="reference")
    sets = sets_of(replay(setup))
    assert {each.timeframe for each in sets} == {HOUR}
    assert {each.symbols + each.missing for each in sets} >= {THREE[:2]}
    assert "USDJPY" not in {symbol for each in sets for symbol in each.missing + each.symbols}
    setup = prepare([series[1], longer], load_strategy("sma-cross"), given=FAST, risk="reference")
    assert sets_of(replay(setup)) == []


def test_sets_leave_orders_fills_and_equity_as_they_are() -> None:
    setup = setup_of(THREE)
    run, swept = replay_run(setup), sweep(setup)
    assert run.outcome.digest(setup) == swept.outcome.digest(setup)
    assert np.count_nonzero(run.outcome.orders["quantity"]) > 10

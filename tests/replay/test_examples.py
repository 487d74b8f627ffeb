"""The example strategies trade alike in every driver, and come to what the document says."""

from __future__ import annotations

import re
from importlib.resources import files
from itertools import count
from pathlib import Path

import pytest

from assay.apps.lab.runs.drivers import feed_messages, replay, sweep
from assay.apps.lab.runs.outcome import Outcome, OutcomeCollector, summarise
from assay.apps.lab.runs.setup import Setup, prepare
from assay.apps.paper.trader.hotpath import PaperTrader
from assay.market.sources.parquet import read_parquet
from assay.model.errors import UsageError
from assay.runtime.clock import SimClock
from assay.runtime.journal import MemoryJournal
from assay.trading.brokers.paper import PaperBroker
from assay.trading.engine.loading import load_strategy
from tests.replay.markets import generate_market
from tests.replay.paper_runs import assert_paper_equals_sweep
from tests.replay.test_parity import assert_parity, assert_same_rows
from tools.tidy import ROOT

EXAMPLES = ROOT / "docs" / "examples"
CLASSES = ROOT / "tests" / "replay" / "classes"
DOCUMENT = ROOT / "docs" / "strategies.md"
COMPILED = ("mean-reversion", "donchian-trend", "session-breakout")
SAMPLE = files("assay.market.history") / "sample" / "eurusd_h1_sample_20170101_20171229.parquet"
ROW = re.compile(r"^\| `([a-z-]+)` \| (\d+) \| (\d+) \| (-?[\d.]+) \| ([\d.]+) % \|", re.MULTILINE)


def some_market(strategy: str, folder: Path = EXAMPLES) -> Setup:
    """Return two generated markets of hours, with gaps and real asks."""
    series = generate_market(("EURUSD", "USDJPY"), 700, 21, gapped=True, quoted=True)
    return prepare(series, load_strategy(strategy, folder), given={"units": "1000"})


def on_the_sample(strategy: str) -> Setup:
    series = [read_parquet(Path(str(SAMPLE)))]
    return prepare(series, load_strategy(strategy, EXAMPLES), given={})


@pytest.mark.parametrize("strategy", COMPILED)
def test_sweep_replay_and_paper_agree(strategy: str, tmp_path: Path) -> None:
    setup = some_market(strategy)
    assert len(assert_parity(setup).outcome.fills) > 20
    assert assert_paper_equals_sweep(setup, MemoryJournal(), tmp_path / "book.jsonl") > 20


def test_a_class_trades_as_the_compiled_function_does() -> None:
    compiled, written = (some_market("session-breakout", each) for each in (EXAMPLES, CLASSES))
    assert not written.strategy.is_compiled
    with pytest.raises(UsageError, match="--driver replay"):
        sweep(written)
    swept = sweep(compiled).outcome
    for wire in (False, True):
        found = replay(written, wire=wire).outcome
        assert_same_rows(swept, found)
        assert found.digest(written) == swept.digest(compiled)


def test_a_class_whose_decide_is_compiled_sweeps() -> None:
    setup = some_market("turning", CLASSES)
    assert setup.strategy.is_compiled
    assert len(assert_parity(setup).outcome.fills) > 20


def test_a_class_trades_on_paper_as_the_compiled_function_does(tmp_path: Path, wire: bool) -> None:
    compiled, written = (some_market("session-breakout", each) for each in (EXAMPLES, CLASSES))
    broker, journal = PaperBroker(tmp_path / "book.jsonl"), MemoryJournal()
    trader = PaperTrader(written, "written", journal, broker, SimClock(1), wire=wire)
    assert not trader.recover().found
    trader.run(feed_messages(written, written.events()))
    collector = OutcomeCollector(written)
    collector.take(*(recorded.message for recorded in journal.read()))
    broker.close()
    assert_same_rows(sweep(compiled).outcome, collector.outcome())


def _trade(setup: Setup, restart_at: int | None) -> Outcome:
    """Feed a desk, and at one message put another in its place, from its snapshot."""
    collector, ids = OutcomeCollector(setup), count(1)
    desk = setup.desk(lambda: next(ids))
    for number, message in enumerate(feed_messages(setup, setup.events())):
        if number == restart_at:
            taken = desk.snapshot()
            desk = setup.desk(lambda: next(ids))
            desk.restore(taken)
        collector.take(*desk.handle(message))
    return collector.outcome()


@pytest.mark.parametrize("place", [5, 333, 901])
def test_a_class_goes_on_from_a_snapshot(place: int) -> None:
    setup = some_market("session-breakout", CLASSES)
    assert_same_rows(_trade(setup, None), _trade(setup, place))


def test_the_document_tells_what_the_examples_came_to() -> None:
    rows = {row[0]: row[1:] for row in ROW.findall(DOCUMENT.read_text(encoding="utf-8"))}
    assert set(rows) == {*COMPILED, "three-rises"}
    for name, (orders, fills, profit, drawdown) in rows.items():
        setup = on_the_sample(name)
        run = sweep(setup) if setup.strategy.is_compiled else replay(setup)
        told = summarise(run.outcome, setup, bars=run.bars, seconds=run.seconds)
        assert (told["orders"], told["fills"]) == (int(orders), int(fills)), name
        assert told["net_profit"] == pytest.approx(float(profit), abs=0.005), name
        assert 100 * told["max_drawdown"] == pytest.approx(float(drawdown), abs=0.005), name


FORGETFUL = """
class Strategy:
    parameters = {"units": 1_000}
    state = {"seen": 1}

    def decide(self, state, market):
        self.seen = market.bar.close
"""
FRACTIONAL = """
class Strategy:
    parameters = {"units": 1_000}
    state = {"seen": 1}

    def decide(self, state, market):
        state.seen = market.bar.close / 2
"""
LACKING = """
class Strategy:
    parameters = {"units": 1_000}

    def decide(self, state, market):
        pass
"""


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (FORGETFUL, "keeps seen in itself; keep it in state"),
        (FRACTIONAL, "is no whole number"),
        (LACKING, "needs state"),
    ],
)
def test_a_class_that_cannot_be_restarted_is_refused(text: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "wanting.py").write_text(text)
    series = generate_market(("EURUSD",), 20, 3, gapped=False, quoted=True)
    with pytest.raises(UsageError, match=says):
        replay(prepare(series, load_strategy("wanting", tmp_path), given={}))

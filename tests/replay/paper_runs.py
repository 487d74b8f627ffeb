"""One whole run on paper, held to the sweep."""

from __future__ import annotations

from itertools import count
from pathlib import Path

from assay.apps.lab.runs.drivers import feed_messages, sweep
from assay.apps.lab.runs.outcome import Outcome, OutcomeCollector, count_orders
from assay.apps.lab.runs.setup import Setup
from assay.apps.paper.trader.hotpath import PaperTrader
from assay.model.messages import TradingHalted
from assay.runtime.clock import Clock, SimClock
from assay.runtime.journal import Journal
from assay.trading.brokers.paper import PaperBroker


def trade_on_paper(
    setup: Setup, journal: Journal, book: Path, *, wire: bool = False, clock: Clock | None = None
) -> Outcome:
    """Trade the whole feed on paper and return what its journal tells, each order sent once."""
    broker = PaperBroker(book)
    trader = PaperTrader(setup, "setup", journal, broker, clock or SimClock(1), wire=wire)
    assert not trader.recover().found
    trader.run(feed_messages(setup, setup.events()))
    collector, positions = OutcomeCollector(setup), count(1)
    for recorded in journal.read():
        assert recorded.position == next(positions)
        assert not isinstance(recorded.message, TradingHalted), recorded
        collector.take(recorded.message)
    outcome = collector.outcome()
    assert len(book.read_bytes().splitlines()) == count_orders(outcome)
    assert journal.unconfirmed_orders() == []
    broker.close()
    return outcome


def assert_paper_equals_sweep(
    setup: Setup, journal: Journal, book: Path, *, wire: bool = False, clock: Clock | None = None
) -> int:
    """Trade the whole feed on paper, compare the digests, and return the number of fills."""
    outcome = trade_on_paper(setup, journal, book, wire=wire, clock=clock)
    assert len(outcome.equity) == sum(len(one) for one in setup.series)
    assert outcome.digest(setup) == sweep(setup).outcome.digest(setup)
    return len(outcome.fills)

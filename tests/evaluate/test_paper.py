"""Paper trading on real minutes, through PostgreSQL and the broker's book: equal to the sweep."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from assay.apps.lab.drivers import feed_messages, sweep
from assay.apps.lab.outcome import OutcomeCollector
from assay.apps.lab.setup import prepare
from assay.apps.paper.trader import PaperTrader
from assay.market.sources.parquet import read_parquet
from assay.runtime.clock import SystemClock
from assay.runtime.journal import PostgresJournal
from assay.runtime.stores.postgres import open_postgres, remove_postgres
from assay.trading.brokers.paper import PaperBroker
from assay.trading.engine.loading import load_strategy


@pytest.fixture
def dsn(tmp_path: Path) -> Iterator[str]:
    server = open_postgres(tmp_path)
    yield server.dsn
    server.stop()
    remove_postgres(tmp_path)


@pytest.mark.parametrize("symbol", ["eurusd", "usdjpy", "xauusd"])
def test_paper_equals_the_sweep_on_real_minutes(
    symbol: str, shared: Path, dsn: str, tmp_path: Path
) -> None:
    path = shared / "data" / "bars" / f"{symbol}_m1_histdata_20180101_20191231.parquet"
    setup = prepare([read_parquet(path)], load_strategy("sma-cross"), given={})
    journal = PostgresJournal(dsn)
    broker = PaperBroker(tmp_path / "paper.jsonl")
    trader = PaperTrader(setup, path.name, journal, broker, SystemClock())
    trader.recover()
    trader.run(feed_messages(setup, setup.events()))

    collector = OutcomeCollector(setup)
    for recorded in journal.read():
        collector.take(recorded.message)
    journal.close()
    broker.close()
    paper, fast = collector.outcome(), sweep(setup).outcome
    assert len(paper.equity) == len(fast.equity) > 700_000
    assert paper.digest(setup) == fast.digest(setup)

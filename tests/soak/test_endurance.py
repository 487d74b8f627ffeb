"""Paper trading on the real journal for as long as the budget lasts: memory stays where it is."""

from __future__ import annotations

import itertools
from pathlib import Path

import psutil

from assay.apps.lab.runs.drivers import feed_messages
from assay.apps.lab.runs.setup import prepare
from assay.apps.paper.trader.hotpath import PaperTrader
from assay.apps.paper.view.picture import Painter
from assay.model.time import Timeframe
from assay.runtime.clock import Deadline, SystemClock
from assay.runtime.journal import PostgresJournal
from assay.runtime.stores.postgres import open_postgres, remove_postgres
from assay.trading.brokers.paper import PaperBroker
from assay.trading.engine.loading import load_strategy
from tests.replay.markets import generate_bars

BARS = 1_000_000
SAMPLE_EVERY = 2_000
SHARE = 0.8
NOISE = 24_000_000
BYTES_PER_EVENT = 20
"""What an event may leave behind, beyond the noise of the allocator."""


def test_trading_for_long_takes_no_more_memory(tmp_path: Path, soak_seconds: float) -> None:
    series = generate_bars("EURUSD", BARS, 3, gapped=True, timeframe=Timeframe.M1)
    setup = prepare([series], load_strategy("sma-cross"), given={}, risk="reference")
    events, deadline = setup.events(), Deadline(SHARE * soak_seconds)
    server = open_postgres(tmp_path / "home")
    try:
        journal, broker = PostgresJournal(server.dsn), PaperBroker(tmp_path / "book.jsonl")
        trader = PaperTrader(setup, "one", journal, broker, SystemClock())
        trader.recover()
        painter, resident = Painter(setup, tmp_path / "picture.json"), []
        for place in itertools.count(step=SAMPLE_EVERY):
            if place >= len(events) or (len(resident) > 1 and deadline.has_passed()):
                break
            trader.run(
                feed_messages(setup, events[: place + SAMPLE_EVERY], place), observe=painter.observe
            )
            resident.append(psutil.Process().memory_info().rss)
        painter.write()
        broker.close()
        journal.close()
    finally:
        server.stop()
        remove_postgres(tmp_path / "home")
    settled = resident[len(resident) // 3]
    allowed = NOISE + BYTES_PER_EVENT * SAMPLE_EVERY * len(resident)
    assert trader.next >= SAMPLE_EVERY
    assert resident[-1] - settled < allowed, [value // 1_000_000 for value in resident]

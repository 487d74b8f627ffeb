"""A day on paper is its twin to the minor unit, unless a quote was missed."""

from __future__ import annotations

import shutil
from pathlib import Path

import msgspec
import pytest

from assay.apps.config import Config
from assay.apps.lab.runs.drivers import FEED, feed_messages
from assay.apps.lab.runs.setup import Setup, prepare
from assay.apps.lab.twins.days import DaySpan, day_of, rollover_of, span_of
from assay.apps.lab.twins.journaldesk import LiveTrail
from assay.apps.lab.twins.quotes import follow_ticks
from assay.apps.lab.twins.rerun import rerun_day
from assay.apps.paper.market.live import prepare_live
from assay.apps.paper.plan import Plan
from assay.apps.paper.trader.hotpath import PaperTrader
from assay.books.analytics.twinsplit import MISSED
from assay.model.messages import BarClosed, Message, Tick
from assay.model.time import HOUR, SECOND
from assay.runtime.clock import SimClock
from assay.runtime.ids import COUNTER_BITS, Rng
from assay.runtime.journal import MemoryJournal
from assay.runtime.journal.memory import MemoryLog
from assay.trading.brokers.paper import PaperBroker
from assay.trading.engine.loading import load_strategy
from tests.replay.markets import generate_market
from tests.sim.twin_day import STRATEGIES
from tests.unit.trading.mt5.rig import TUESDAY

SPAN = DaySpan(TUESDAY - HOUR, TUESDAY + 12 * HOUR)


def trade(setup: Setup, feed: list[Message], book: Path) -> list[Message]:
    """Return the journal of a run on paper."""
    log, broker = MemoryLog(), PaperBroker(book)
    trader = PaperTrader(setup, "setup", MemoryJournal(log), broker, SimClock(1))
    trader.recover()
    trader.run(feed)
    broker.close()
    return log.messages


@pytest.mark.parametrize("strategy", ["sma-cross", "breakout"])
def test_every_day_on_paper_is_its_twin(strategy: str, tmp_path: Path) -> None:
    symbols = ("EURGBP", "GBPUSD", "USDJPY")
    given = {"sma-cross": {"fast": "5", "slow": "12"}, "breakout": {"bars": "12"}}[strategy]
    setup = prepare(
        generate_market(symbols, 500, 9, gapped=True, quoted=True), load_strategy(strategy),
        given={**given, "units": "1000"}, risk="reference",
    )  # fmt: skip
    journal = trade(setup, [*feed_messages(setup, setup.events())], tmp_path / "book.jsonl")
    rollover = rollover_of(setup.account)
    bars = [each.ts_event for each in journal if isinstance(each, BarClosed)]
    days = sorted({day_of(ts - 1, rollover) for ts in bars})
    fills, earned = 0, 0
    for day in days[:: max(len(days) // 5, 1)]:
        span = span_of(day, rollover)
        rerun = rerun_day(LiveTrail(setup), journal, span)
        split = rerun.split()
        assert (split.gap, split.items, set(split.amounts.values())) == (0, [], {0}), day
        fills, earned = fills + len(rerun.live.fills), earned + abs(split.live)
    assert fills > 5
    assert earned > 0


def walk_ticks(count: int) -> list[Tick]:
    """Return quotes of EURUSD, three a minute."""
    rng, bid, ticks = Rng(3), 110_000, []
    for place in range(count):
        bid += rng.randint(-6, 6)
        ts = TUESDAY + place * 20 * SECOND
        ticks.append(Tick(id=1, ts_event=ts, ts_init=ts, symbol="EURUSD", bid=bid, ask=bid + 10))
    return ticks


@pytest.mark.parametrize("missed", [[], [39], [39, 45, 90, 91, 92, 150]])
def test_quotes_that_paper_missed_make_the_whole_gap(missed: list[int], tmp_path: Path) -> None:
    folder = tmp_path / "strategies"
    folder.mkdir()
    shutil.copy(STRATEGIES / "pendulum.py", folder)
    plan = Plan(
        source="live", symbols=("EURUSD",), strategy="pendulum", risk="reference", begun=TUESDAY
    )
    setup = prepare_live(plan, Config(), strategies=folder)
    ticks = walk_ticks(240)
    heard = [*follow_ticks(ticks, {"EURUSD": 5})]
    seen = [tick for place, tick in enumerate(ticks) if place not in missed]
    feed: list[Message] = [
        msgspec.structs.replace(message, id=(FEED << COUNTER_BITS) + message.id)
        for message in follow_ticks(seen, {"EURUSD": 5})
    ]
    rerun = rerun_day(LiveTrail(setup), trade(setup, feed, tmp_path / "book.jsonl"), SPAN, heard)
    split = rerun.split()
    assert len(rerun.live.fills) > 30
    assert split.unexplained == 0
    assert sum(split.amounts.values()) == split.amounts[MISSED] == split.gap
    assert bool(split.items) == bool(missed)
    assert {item.cause for item in split.items} <= {MISSED}

"""Every kind of order on real ticks and real minutes: sweep, replay and paper come to the same.

Three strategies between them ask for every order type, time in force and protection. All three
drivers trade the same file; what is held equal is in docs/parity.md. Replay trades all of it on an
account that nets. On paper, and on an account that hedges, each strategy trades a third of a long
file, so that together they trade the whole; on paper and hedging a ninth. With ASSAY_PARITY=whole
(`make parity`) every case trades the whole file.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from assay.apps.config import AccountConfig, Config
from assay.apps.lab.runs.drivers import replay, sweep
from assay.apps.lab.runs.outcome import Outcome
from assay.apps.lab.runs.setup import Costs, Setup, prepare
from assay.kernel.records import (
    CHILD_ORDER,
    CLOSE_BY,
    EXITS,
    EXPIRED,
    GTC,
    LIMIT,
    MARKET,
    ORDER_CHANGE,
    OTHER_FILLED,
    POSITION_CHANGE,
    STOP,
    STOP_LIMIT,
    STOP_LOSS,
    TAKE_PROFIT,
    TIME_STOP,
    TIMES_IN_FORCE,
    TRAILING_STOP,
    UNFILLED,
    WORKED,
)
from assay.market.series import BarSeries, TickSeries
from assay.market.sources.parquet import read_parquet
from assay.model.accounts import MarginMode
from assay.model.time import parse_time
from assay.runtime.clock import Stopwatch
from assay.runtime.journal import MemoryJournal
from assay.trading.engine.loading import load_strategy
from assay.trading.engine.naming import TYPE_NAMES
from tests.replay.paper_runs import trade_on_paper
from tests.replay.test_order_parity import assert_same_orders

FOLDER = Path(__file__).parent / "orders"
MEMORY = Path("/dev/shm")
WHOLE = os.environ.get("ASSAY_PARITY") == "whole"
MODES: tuple[MarginMode, ...] = ("netting", "hedging")
STRATEGIES = ("bracketed-trend", "waiting-orders", "worked-orders")


@dataclass(frozen=True)
class Market:
    """Name a file, the span of it that is traded, and how much and how often on it.

    A strategy that goes through its orders in turn takes one every so many bars; `size` are the
    lots of a quoted size of 1; one that `is_short` is never traded in parts.
    """

    file: str
    units: int
    every: int = 1
    size: str = "0"
    until: str = "2022-01-01"
    is_short: bool = False


MARKETS = {
    "eurusd-ticks-2014": Market("ticks/eurusd_tick_lean-oanda_20140501_20140509", 1_000),
    "eurusd-ticks-2019": Market(
        "ticks/eurusd_tick_dukascopy_20190204_20190205",
        1_000,
        size="0.01",
        until="2019-02-05",
        is_short=True,
    ),
    "xauusd-ticks-2014": Market("ticks/xauusd_tick_lean-oanda_20140501_20140509", 2),
    "eurusd-minutes": Market("bars/eurusd_m1_histdata_20180101_20191231", 1_000, every=16),
}
FILLS = {
    "bracketed-trend": {MARKET, STOP_LOSS, TAKE_PROFIT},
    "waiting-orders": {MARKET, LIMIT, STOP, STOP_LIMIT, TRAILING_STOP, STOP_LOSS, TIME_STOP},
    "worked-orders": {MARKET, LIMIT, STOP, STOP_LOSS, TAKE_PROFIT},
}
ENDS = {
    "bracketed-trend": set[int](),
    "waiting-orders": {EXPIRED, OTHER_FILLED, UNFILLED},
    "worked-orders": {EXPIRED, UNFILLED, WORKED},
}


@cache
def read_market(path: Path, until: str) -> BarSeries | TickSeries:
    series = read_parquet(path)
    return series.select(series.time < parse_time(f"{until}T00:00:00Z"))


def setup_of(shared: Path, name: str, strategy: str, mode: MarginMode, part: int = 1) -> Setup:
    """Return a run over a part of a market, scarce for all but the trend's orders."""
    market = MARKETS[name]
    series = read_market(shared / f"data/{market.file}.parquet", market.until)
    if part > 1 and not (WHOLE or market.is_short):
        begin, length = STRATEGIES.index(strategy) * len(series) // 3, len(series) // part
        series = series.select(slice(begin, begin + length))
    given, costs, risk = {"units": str(market.units)}, Costs(slippage_points=1), "default"
    if strategy != "bracketed-trend":
        given["every"], risk = str(market.every), "reference"
        size = Decimal(market.size)
        costs = Costs(slippage_points=2, depth_lots=Decimal("0.02"), size_lots=size)
    config = Config(account=AccountConfig(margin_mode=mode))
    return prepare(
        [series], load_strategy(strategy, FOLDER), given=given, risk=risk, costs=costs,
        config=config,
    )  # fmt: skip


def assert_as_swept(setup: Setup, traded: Outcome, watch: Stopwatch) -> Outcome:
    """Require what the sweep does, and print how much that was; pytest shows it with -s."""
    seconds = watch.elapsed()
    swept = sweep(setup).outcome
    assert_same_orders(swept, traded)
    assert traded.digest(setup) == swept.digest(setup)
    sys.stdout.write(
        f" {len(setup.events()):,} events, {len(swept.orders):,} orders, {len(swept.fills):,} "
        f"fills, {seconds:.0f} s, {swept.digest(setup)[:12]} "
    )
    return swept


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Path]:
    """Return a book for the paper broker, in memory if that can be: each order waits for a line."""
    with TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else tmp_path) as folder:
        yield Path(folder) / "book.jsonl"


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("name", MARKETS)
@pytest.mark.parametrize("mode", MODES)
def test_replay_equals_the_sweep(
    mode: MarginMode, name: str, strategy: str, shared: Path,
    record_property: Callable[[str, object], None],
) -> None:  # fmt: skip
    setup = setup_of(shared, name, strategy, mode, part=1 if mode == "netting" else 3)
    watch = Stopwatch()
    replayed = replay(setup)
    assert replayed.halted == ""
    swept = assert_as_swept(setup, replayed.outcome, watch)
    assert set(swept.fills["reason"].tolist()) >= FILLS[strategy]
    assert set(swept.notes["kind"].tolist()) >= ENDS[strategy]
    assert swept.fills["modelled"].all() == (name == "eurusd-minutes")
    assert swept.fills["ticket"].any() == (mode == "hedging")
    record_property("orders", len(swept.orders))
    record_property("fills", len(swept.fills))


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("name", MARKETS)
@pytest.mark.parametrize("mode", MODES)
def test_paper_equals_the_sweep(
    mode: MarginMode, name: str, strategy: str, shared: Path, book: Path
) -> None:
    setup = setup_of(shared, name, strategy, mode, part=3 if mode == "netting" else 9)
    journal, watch = MemoryJournal(), Stopwatch()
    traded = trade_on_paper(setup, journal, book)
    journal.close()
    assert len(assert_as_swept(setup, traded, watch).fills) > 20


@pytest.mark.parametrize("mode", MODES)
def test_the_three_strategies_ask_for_all_there_is(mode: MarginMode, shared: Path) -> None:
    types, lives, changes = set(), set(), set()
    for strategy in STRATEGIES:
        setup = setup_of(shared, "eurusd-ticks-2014", strategy, mode)
        orders = sweep(setup).outcome.orders
        passed = orders[orders["denied"] == 0]
        types |= set(passed["type"].tolist())
        lives |= set(passed["time_in_force"].tolist())
        changes |= set(passed["tells"].tolist())
        for term in ("trail", "break_after", "break_keep", "hold", "group", "shown"):
            has = bool(passed[term].any())
            assert has == (strategy == "waiting-orders") or term in ("trail", "shown"), term
    # The other names are of fills that the engine makes by itself: no type is left out.
    asked = {kind for kind in TYPE_NAMES if kind not in EXITS}
    assert types == asked - ({CLOSE_BY} if mode == "netting" else set())
    assert lives == set(range(GTC, len(TIMES_IN_FORCE)))
    assert changes >= {ORDER_CHANGE, POSITION_CHANGE, CHILD_ORDER}

"""Patterns are judged beside the run: nothing that trades changes, and nothing is told twice."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from assay.apps.config import Config
from assay.apps.lab.models.labelling import priced_columns
from assay.apps.lab.runs.drivers import FEED, PLATFORM, feed_messages
from assay.apps.lab.runs.setup import Setup, prepare
from assay.apps.paper.trader.hotpath import PaperTrader
from assay.apps.paper.trader.patterns import PatternWatch
from assay.apps.paper.trader.producers import PATTERNS
from assay.model.messages import BarClosed, OrderSubmitted, PatternsJudged, encode_message
from assay.model.time import Timeframe
from assay.runtime.ids import COUNTER_BITS
from assay.signals.features import BarColumns
from assay.signals.recognition import Terms, scan
from assay.trading.engine.loading import load_strategy
from tests.replay.markets import generate_bars
from tests.sim.crashing import MOMENTS, CrashError, Fuse, Place
from tests.sim.test_crashes import book_of

SYMBOLS = ("EURUSD", "GBPUSD")
PAST, FEED_BARS, CRASHES = 1_200, 200, 6
TERMS = Terms(horizon=4, threshold=0.6)


@pytest.fixture(scope="module")
def setup() -> Setup:
    """Return a market with bars before it, which both symbols share with their feed."""
    series, history = [], {}
    for seed, symbol in enumerate(SYMBOLS):
        whole = generate_bars(
            symbol, PAST + FEED_BARS, seed, gapped=True, quoted=True, timeframe=Timeframe.H1
        )
        begins = whole.ts_open[-FEED_BARS]
        history[symbol] = priced_columns(whole.select(whole.ts_open < begins), Config())
        series.append(whole.select(whole.ts_open >= begins))
    given = {"fast": "5", "slow": "12", "units": "1000"}
    return replace(prepare(series, load_strategy("sma-cross"), given=given), history=history)


def trade_beside(
    place: Place, *, end: int | None = None, crash_at: int = 0
) -> Callable[[PaperTrader], None]:
    """Return a life that trades to the end of the feed, with short pauses for patterns."""
    events = place.setup.events()

    def act(trader: PaperTrader) -> None:
        watch = PatternWatch(trader, events, TERMS)
        for message in feed_messages(place.setup, events[:end], trader.next):
            answers = trader.handle(message)
            if trader.waiting >= 40:
                trader.commit()
            watch.hear(answers)
            if trader.next % 7 == 0:
                left = iter(range(300))
                watch.catch_up(lambda left=left: next(left, None) is None)  # type: ignore[misc]
            if crash_at and trader.next >= crash_at:
                raise CrashError("between messages")
        watch.catch_up()
        trader.commit(with_snapshot=True)

    return act


def patterns_of(place: Place) -> list[PatternsJudged]:
    return [each for each in place.log.messages if isinstance(each, PatternsJudged)]


def of_platform(place: Place) -> list[bytes]:
    producers = (FEED, PLATFORM)
    return [encode_message(m) for m in place.log.messages if m.id >> COUNTER_BITS in producers]


@pytest.fixture(scope="module")
def whole(setup: Setup, tmp_path_factory: pytest.TempPathFactory) -> Place:
    place = Place(setup, tmp_path_factory.mktemp("whole") / "book.jsonl")
    assert place.live(Fuse(), trade_beside(place)) is not None
    return place


def columns_of(place: Place, symbol: str) -> BarColumns:
    """Return the bars before the run and those of its journal."""
    before = place.setup.history[symbol]
    told = [m for m in place.log.messages if isinstance(m, BarClosed) and m.symbol == symbol]
    names = {"ts_close": "ts_event", "spread": "spread_close"}
    joined = {
        field.name: np.concatenate([
            getattr(before, field.name),
            [getattr(bar, names.get(field.name, field.name)) for bar in told],
        ])
        for field in fields(BarColumns)
        if field.name not in ("volume", "flow")
    }  # fmt: skip
    return BarColumns(**joined)


def test_each_bar_is_told_what_a_scan_of_all_bars_says(whole: Place) -> None:
    bars = {m.id: m for m in whole.log.messages if isinstance(m, BarClosed)}
    verdicts = set()
    for symbol in SYMBOLS:
        told = [each for each in patterns_of(whole) if each.symbol == symbol]
        wanted = [
            each
            for each in scan(columns_of(whole, symbol), terms=TERMS)
            if each.found.bar >= len(whole.setup.history[symbol])
        ]
        found = [(each, one) for each in told for one in each.patterns]
        assert len(found) == len(wanted) > 40
        for (message, one), judgement in zip(found, wanted, strict=True):
            seen, history, near = judgement.found, judgement.history, judgement.neighbours
            assert message.ts_event == bars[message.cause].ts_event == seen.ts_close
            assert bars[message.cause].symbol == symbol
            assert (one.pattern, one.side, one.covers) == (seen.pattern, seen.side, seen.covered)
            assert one.verdict == judgement.verdict
            assert (one.count, one.hits) == (history.count, history.hits)
            assert (one.near_count, one.near_hits) == (near.count, near.hits)
            bounds = (*history.interval(), *near.interval(), judgement.chance)
            shown = (one.low, one.high, one.near_low, one.near_high, one.chance)
            assert shown == tuple(round(10_000 * each) for each in bounds)
            sure = judgement.confidence
            assert one.confidence == (None if sure is None else round(10_000 * sure))
            verdicts.add(one.verdict)
    assert verdicts == {"confirmed", "not confirmed", "unknown"}


def test_nothing_else_of_a_run_changes(setup: Setup, whole: Place, tmp_path: Path) -> None:
    alone = Place(setup, tmp_path / "book.jsonl")

    def act(trader: PaperTrader) -> None:
        trader.run(feed_messages(setup, setup.events()), batch=40)
        assert trader.judged == -1

    assert alone.live(Fuse(), act) is not None
    assert of_platform(alone) == of_platform(whole)
    assert book_of(alone) == book_of(whole)
    assert len(book_of(whole)) > 10
    assert patterns_of(alone) == []


def test_an_order_is_out_before_anything_is_said_of_its_bar(whole: Place) -> None:
    places = {each.cause: k for k, each in enumerate(whole.log.messages)
              if isinstance(each, PatternsJudged)}  # fmt: skip
    bar, met = 0, 0
    for k, each in enumerate(whole.log.messages):
        bar = each.id if isinstance(each, BarClosed) else bar
        if isinstance(each, OrderSubmitted) and bar in places:
            assert k < places[bar]
            met += 1
    assert met > 3


@pytest.mark.parametrize("seed", [3])
def test_crashes_lose_nothing_and_tell_nothing_twice(
    seed: int, setup: Setup, whole: Place, tmp_path: Path, wire: bool
) -> None:
    place, rng = Place(setup, tmp_path / "book.jsonl", wire=wire), random.Random(seed)
    where = []
    for _ in range(CRASHES):
        fuse = Fuse(rng.randint(2, 5), rng.choice(MOMENTS), rng.choice(("commit", "send")))
        done = place.log.inbox["paper"][0] if place.log.inbox else 0
        if place.live(fuse, trade_beside(place, crash_at=done + 40)) is None:
            where.append(fuse.burnt or "between messages")
    assert len(where) == CRASHES, where
    assert place.live(Fuse(), trade_beside(place)) is not None
    assert of_platform(place) == of_platform(whole), where
    assert sorted(map(encode_message, patterns_of(place))) == sorted(
        map(encode_message, patterns_of(whole))
    ), where


def test_who_was_off_goes_on_from_here_with_all_that_was(
    setup: Setup, whole: Place, tmp_path: Path
) -> None:
    place = Place(setup, tmp_path / "book.jsonl")

    def without(trader: PaperTrader) -> None:
        trader.run(feed_messages(setup, setup.events()[:150], trader.next))

    assert place.live(Fuse(), without) is not None
    assert place.live(Fuse(), trade_beside(place)) is not None
    told = [each for each in patterns_of(whole) if each.id & 0xFFFF > 150]
    assert [encode_message(each) for each in patterns_of(place)] == list(map(encode_message, told))
    assert {each.id >> COUNTER_BITS for each in told} == {PATTERNS}


def test_what_breaks_stops_nobody(setup: Setup, whole: Place, tmp_path: Path) -> None:
    place, faults = Place(setup, tmp_path / "book.jsonl"), list[str]()

    def act(trader: PaperTrader) -> None:
        watch = PatternWatch(trader, setup.events(), TERMS, faults.append)
        for message in feed_messages(setup, setup.events()):
            answers = trader.handle(message)
            if trader.next == 9:  # a bar of an instrument that nobody trades
                bars = [each for each in answers if isinstance(each, BarClosed)]
                watch.hear([_of("XAUUSD", bar) for bar in bars])
            watch.hear(answers)
            watch.catch_up()
        trader.commit()

    assert place.live(Fuse(), act) is not None
    assert faults == ["KeyError: 'XAUUSD'"]
    assert of_platform(place) == of_platform(whole)


def _of(symbol: str, bar: BarClosed) -> BarClosed:
    told = {name: getattr(bar, name) for name in bar.__struct_fields__}
    return BarClosed(**{**told, "symbol": symbol})

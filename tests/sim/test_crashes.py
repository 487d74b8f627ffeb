"""Crashes in the middle of paper trading change nothing: not a row, not an order sent twice."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from assay.apps.config import Config
from assay.apps.lab.models.forecasting import forecast_events, with_model
from assay.apps.lab.models.labelling import priced_columns
from assay.apps.lab.runs.drivers import FEED, feed_messages, sweep
from assay.apps.lab.runs.outcome import OutcomeCollector
from assay.apps.lab.runs.setup import Setup, prepare
from assay.apps.paper.trader.hotpath import PaperTrader
from assay.books.ledger import trial_balance
from assay.model.errors import DataError, InvariantError
from assay.model.messages import (
    DecisionMade,
    EntryPosted,
    EquityMarked,
    GapFound,
    OrderCancelled,
    OrderDenied,
    OrderFilled,
    OrderSubmitted,
    PlatformRecovered,
    PlatformStarted,
    TradingHalted,
    TradingResumed,
)
from assay.model.time import Timeframe
from assay.runtime.journal import Halt
from assay.signals.features import standard_set
from assay.trading.brokers.paper import ReceivedOrder
from assay.trading.engine.loading import load_strategy
from tests.replay.markets import generate_bars, generate_market
from tests.replay.taught import make_model
from tests.sim.crashing import Fuse, Place, crash_once, trade_on

CRASHES = 20
"""In each of ten runs."""
MODEL_BARS, WARMING_BARS, MODEL_CRASHES = 260, 60, 6
FAST = {"sma-cross": {"fast": "5", "slow": "12"}, "breakout": {"bars": "12"}}


def make_setup(strategy: str, symbols: tuple[str, ...], seed: int, risk: str) -> Setup:
    series = generate_market(symbols, 400, seed, gapped=True, quoted=True)
    given = {**FAST[strategy], "units": "1000"}
    return prepare(series, load_strategy(strategy), given=given, risk=risk)


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_model(tmp_path_factory.mktemp("models"))


def make_model_setup(model: Path, seed: int) -> Setup:
    """Return a market that a model trades, its features nearly settled on the bars before."""
    features = standard_set(Timeframe.H1)
    count = features.settling + MODEL_BARS - WARMING_BARS
    whole = generate_bars(
        "EURUSD", count, seed, gapped=True, quoted=True, timeframe=Timeframe.H1
    )  # fmt: skip
    begins = whole.ts_open[-MODEL_BARS]
    before, after = whole.select(whole.ts_open < begins), whole.select(whole.ts_open >= begins)
    setup = prepare([after], load_strategy("ai"), given={})
    history = {"EURUSD": priced_columns(before, Config())}
    return with_model(replace(setup, history=history), model)


def book_of(place: Place) -> list[ReceivedOrder]:
    lines = place.book.read_bytes().splitlines()
    return [msgspec.json.decode(line, type=ReceivedOrder) for line in lines]


def digest_of(place: Place) -> str:
    collector = OutcomeCollector(place.setup)
    for message in place.log.messages:
        collector.take(message)
    return collector.outcome().digest(place.setup)


def crash_again_and_again(place: Place, rng: random.Random, crashes: int = CRASHES) -> list[str]:
    """Trade to the end of the feed through all crashes; return where they happened."""
    length, where = len(place.setup.events()), []
    while len(where) < crashes:
        cursor = place.log.inbox["paper"][0] if place.log.inbox else 0
        where.append(crash_once(place, rng, (length - cursor) // (2 * (crashes - len(where)) + 1)))
    assert place.live(Fuse(), trade_on(place)) is not None
    return where


@pytest.mark.parametrize("seed", range(10))
def test_crashes_change_nothing(seed: int, tmp_path: Path, wire: bool) -> None:
    strategy = ("sma-cross", "breakout")[seed % 2]
    symbols = ("EURUSD",) if seed % 3 else ("EURGBP", "GBPUSD", "USDJPY")
    setup = make_setup(strategy, symbols, seed, ("reference", "default")[seed // 2 % 2])
    whole = Place(setup, tmp_path / "whole.jsonl", wire=wire)
    crashed = Place(setup, tmp_path / "crashed.jsonl", wire=wire)
    assert whole.live(Fuse(), trade_on(whole)) is not None
    where = crash_again_and_again(crashed, random.Random(seed))
    told = f"seed {seed}: {Counter(where)}"
    kinds = (DecisionMade, OrderSubmitted, OrderDenied, OrderFilled, EntryPosted, EquityMarked)
    for kind in kinds:
        ours, theirs = ([m for m in p.log.messages if type(m) is kind] for p in (crashed, whole))
        assert ours == theirs, f"{kind.__name__}, {told}"
    assert crashed.messages() == whole.messages(), told
    book = book_of(crashed)
    assert [order.key for order in book] == [order.key for order in book_of(whole)], told
    assert len({order.key for order in book}) == len(book), told
    assert set(crashed.log.confirmed) == set(crashed.log.orders), told
    assert digest_of(crashed) == sweep(setup).outcome.digest(setup), told


def test_crashes_change_nothing_of_what_a_model_decides(
    model: Path, tmp_path: Path, wire: bool
) -> None:
    seed = 3
    setup = make_model_setup(model, seed)
    whole = Place(setup, tmp_path / "whole.jsonl", wire=wire)
    crashed = Place(setup, tmp_path / "crashed.jsonl", wire=wire)
    assert whole.live(Fuse(), trade_on(whole)) is not None
    where = crash_again_and_again(crashed, random.Random(seed), MODEL_CRASHES)
    told = f"seed {seed}: {Counter(where)}"
    decided = [each for each in whole.log.messages if isinstance(each, DecisionMade)]
    assert {"enter", "hold", "abstain"} <= {each.outcome for each in decided}
    assert crashed.messages() == whole.messages(), told
    assert book_of(crashed) == book_of(whole), told
    assert digest_of(crashed) == sweep(forecast_events(setup)).outcome.digest(setup), told


@pytest.mark.parametrize("moment", ["before", "after", "torn"])
def test_every_operation_can_be_the_last(moment: str, tmp_path: Path, wire: bool) -> None:
    setup = make_setup("sma-cross", ("EURUSD",), 4, "reference")
    some = setup.events()[:120]
    whole, counting = Place(setup, tmp_path / "whole.jsonl", wire=wire), Fuse()

    def trade(trader: PaperTrader) -> None:
        trader.run(feed_messages(setup, some, trader.next), batch=40)

    assert whole.live(counting, trade) is not None
    assert len(whole.log.orders) > 2
    for at in range(1, counting.done + 1):
        place, fuse = Place(setup, tmp_path / f"{at}.jsonl", wire=wire), Fuse(at, moment)
        assert place.live(fuse, trade) is None
        assert place.live(Fuse(), trade) is not None
        assert place.messages() == whole.messages(), fuse
        assert book_of(place) == book_of(whole), fuse


def resting(trader: PaperTrader) -> int:
    return int(trader.topology.desk.world.orders["state"].any())


def trade_until_orders_rest(trader: PaperTrader) -> None:
    for message in feed_messages(trader.setup, trader.setup.events(), trader.next):
        trader.handle(message)
        if trader.next > 100 and resting(trader):
            trader.commit()
            return
    raise AssertionError("no order ever rested")


def engage(trader: PaperTrader) -> None:
    trader.halt("odd prices", "rini")


@pytest.mark.parametrize(
    ("write", "moment"), [(2, "before"), (2, "after"), (3, "before"), (3, "after"), (0, "never")]
)
def test_the_kill_switch_outlives_a_crash(
    write: int, moment: str, tmp_path: Path, wire: bool
) -> None:
    place = Place(make_setup("breakout", ("EURUSD",), 3, "reference"), tmp_path / "book", wire=wire)
    assert place.live(Fuse(), trade_until_orders_rest) is not None
    cursor = place.log.inbox["paper"][0]
    assert (place.live(Fuse(write, moment), engage) is None) == bool(write)
    if (write, moment) == (2, "before"):
        assert not place.log.halts, "nothing was promised yet"
        assert place.live(Fuse(), engage) is not None

    def go_on(trader: PaperTrader) -> None:
        assert (trader.halted, resting(trader), trader.next) == (True, 0, cursor)
        trade_on(place)(trader)

    assert place.live(Fuse(), go_on) is not None
    kinds = [type(message) for message in place.log.messages]
    halted = kinds.index(TradingHalted)
    assert kinds.count(TradingHalted) == 1
    assert OrderCancelled in kinds[halted:]
    assert OrderSubmitted not in kinds[halted:]
    assert OrderDenied in kinds[halted:]
    assert (place.log.halts["local"].engaged, place.log.halts["local"].by) == (True, "rini")


def test_after_a_resume_it_trades_again(tmp_path: Path, wire: bool) -> None:
    setup = make_setup("breakout", ("EURUSD",), 3, "reference")
    place = Place(setup, tmp_path / "book.jsonl", wire=wire)
    assert place.live(Fuse(), trade_until_orders_rest) is not None
    assert place.live(Fuse(), engage) is not None

    def resume(trader: PaperTrader) -> None:
        assert trader.halted
        trader.resume("sane again", "rini")
        assert not trader.halted
        trade_on(place)(trader)

    assert place.live(Fuse(), resume) is not None
    kinds = [type(message) for message in place.log.messages]
    assert OrderSubmitted in kinds[kinds.index(TradingResumed) :]
    assert not place.log.halts["local"].engaged


def test_a_switch_released_while_nothing_ran_is_released_at_the_start(
    tmp_path: Path, wire: bool
) -> None:
    setup = make_setup("breakout", ("EURUSD",), 3, "reference")
    place = Place(setup, tmp_path / "book.jsonl", wire=wire)
    assert place.live(Fuse(), engage) is not None
    place.log.halts["local"] = Halt("local", False, "sane again", "budi", 2)

    def check(trader: PaperTrader) -> None:
        assert not trader.halted

    assert place.live(Fuse(), check) is not None
    assert isinstance(place.log.messages[-1], TradingResumed)


def test_a_repeated_message_is_ignored_and_a_missing_one_refused(
    tmp_path: Path, wire: bool
) -> None:
    setup = make_setup("sma-cross", ("EURUSD", "USDJPY"), 6, "reference")
    place = Place(setup, tmp_path / "book.jsonl", wire=wire)
    feed = list(feed_messages(setup, setup.events()))
    rng = random.Random(6)

    def repeat(trader: PaperTrader) -> None:
        for place_, message in enumerate(feed):
            trader.handle(message)
            for late in rng.sample(feed[: place_ + 1], rng.randint(0, min(place_, 2))):
                assert trader.handle(late) == []
                assert trader.next == message.id - (FEED << 48)
        trader.commit(with_snapshot=True)

    assert place.live(Fuse(), repeat) is not None
    assert digest_of(place) == sweep(setup).outcome.digest(setup)

    def skip(trader: PaperTrader) -> None:
        trader.handle(feed[0])
        with pytest.raises(DataError, match="event 3 follows event 1"):
            trader.handle(feed[2])
        trader.handle(feed[1])

    other = Place(setup, tmp_path / "other.jsonl", wire=wire)
    assert other.live(Fuse(), skip) is not None


def test_another_setup_opens_books_of_its_own(tmp_path: Path, wire: bool) -> None:
    first = make_setup("sma-cross", ("EURUSD",), 4, "reference")
    place = Place(first, tmp_path / "book.jsonl", wire=wire)
    assert place.live(Fuse(), trade_on(place)) is not None
    assert place.live(Fuse(), engage) is not None
    given = {**FAST["sma-cross"], "units": "2000"}
    place.setup = prepare(first.series, first.strategy, given=given, risk="reference")
    place.setup_id = "another"

    def begin(trader: PaperTrader) -> None:
        assert (trader.halted, trader.next, trader.setup.account.id) == (True, 0, "paper-2")
        trader.resume("sane again", "rini")
        trade_on(place, 200)(trader)

    assert place.live(Fuse(), begin) is None
    last = place.live(Fuse(), trade_on(place))
    assert last is not None
    setup, collector = last.setup, OutcomeCollector(last.setup)
    for message in place.log.messages:
        if getattr(message, "account", "") == setup.account.id:
            collector.take(message)
    assert collector.outcome().digest(setup) == sweep(setup).outcome.digest(setup)
    entries = [message for message in place.log.messages if isinstance(message, EntryPosted)]
    assert {entry.account for entry in entries} == {"paper", "paper-2"}
    assert not [message for message in place.log.messages if isinstance(message, GapFound)]
    assert trial_balance(entries).is_balanced
    keys = [order.key for order in book_of(place)]
    assert len(set(keys)) == len(keys)
    ids = [message.id for message in place.log.messages]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize(("runs", "left"), [(1, "none"), (2, "none"), (1, "older")])
def test_without_a_snapshot_the_journal_alone_restores_all(
    runs: int, left: str, tmp_path: Path, wire: bool
) -> None:
    setup = make_setup("sma-cross", ("EURUSD",), 4, "reference")
    whole = Place(setup, tmp_path / "whole.jsonl", wire=wire)
    robbed = Place(setup, tmp_path / "robbed.jsonl", wire=wire)
    for place in (whole, robbed):
        for run in range(runs):
            place.setup_id = f"setup {run}"
            assert place.live(Fuse(), trade_on(place, 300)) is None
    for module, (position, form, _) in dict(robbed.log.snapshots).items():
        robbed.log.snapshots[module] = (position, form - 1, b"of another shape")
    if left == "none":
        robbed.log.snapshots.clear()
    for place in (whole, robbed):
        assert place.live(Fuse(), trade_on(place)) is not None
    assert robbed.messages() == whole.messages()
    assert book_of(robbed) == book_of(whole)
    recovered = [each for each in robbed.log.messages if isinstance(each, PlatformRecovered)]
    assert recovered[-1].replayed > 200


def test_without_snapshot_and_start_nothing_is_guessed(tmp_path: Path, wire: bool) -> None:
    setup = make_setup("sma-cross", ("EURUSD",), 4, "reference")
    place = Place(setup, tmp_path / "book.jsonl", wire=wire)
    assert place.live(Fuse(), trade_on(place, 300)) is None
    place.log.snapshots.clear()
    place.log.messages = [m for m in place.log.messages if not isinstance(m, PlatformStarted)]
    with pytest.raises(InvariantError, match="neither snapshot nor start of run 1"):
        place.live(Fuse(), trade_on(place))

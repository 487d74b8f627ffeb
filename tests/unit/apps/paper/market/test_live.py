"""A feed of kept quotes: the same messages at every start, and those that a file of them gives."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import numpy as np
import pytest
from msgspec import Raw

from assay.apps.bridge.inbox import EdgeBox
from assay.apps.bridge.tokens import EdgeTokens
from assay.apps.config import Config
from assay.apps.lab.runs.drivers import FEED
from assay.apps.link.frames import PackedCodec, Quote
from assay.apps.paper.market.live import LiveFeed, anchor_plan, market_folder, prepare_live
from assay.apps.paper.plan import Plan, check_files
from assay.market.bars import ticks_to_bars
from assay.market.series import TickSeries
from assay.model.errors import DataError, UsageError
from assay.model.messages import BarClosed, Tick
from assay.model.time import MINUTE, SECOND, Timeframe
from assay.runtime.clock import SimClock
from assay.runtime.home import Home, open_home
from assay.runtime.ids import COUNTER_BITS, seeded_generator

START = 1_561_360_000 * SECOND
"""A Monday of June 2019, 07:06:40 UTC."""
PLAN = Plan(source="live", symbols=("EURUSD", "GBPUSD"))


class Bridge:
    """Keep quotes as the bridge does, of an edge that is known."""

    def __init__(self, path: Path) -> None:
        self.home: Home = open_home(path, SimClock(START))
        EdgeTokens(self.home).issue("desk", tenant="local", account="paper")
        self._codec, self._numbers = PackedCodec(), 0
        self._box = EdgeBox(market_folder(self.home, "desk").parent, self.home.clock)

    def keep(self, *quotes: Quote) -> None:
        records = [Raw(self._codec.encode(quote)) for quote in quotes]
        self._box.market.take(self._numbers + 1, records, self._codec)
        self._numbers += len(records)

    def close(self) -> None:
        self._box.close()


@pytest.fixture
def bridge(tmp_path: Path) -> Iterator[Bridge]:
    with closing(Bridge(tmp_path)) as opened:
        yield opened


def quote(symbol: str, ts: int, bid: int, spread: int = 8, digits: int = 5) -> Quote:
    return Quote(symbol, ts // 1_000_000, 0, ts, digits, bid, bid + spread)


def some_quotes(count: int = 400) -> list[Quote]:
    """Return quotes of two symbols over some minutes, with silences."""
    rng, ts, found = seeded_generator(3), START, []
    prices = {"EURUSD": 113_000, "GBPUSD": 127_000}
    for _ in range(count):
        ts += int(rng.integers(1, 4_000)) * 1_000_000
        symbol = "EURUSD" if rng.random() < 0.7 else "GBPUSD"
        prices[symbol] += int(rng.integers(-6, 7))
        found.append(quote(symbol, ts, prices[symbol]))
    return found


def feed_of(bridge: Bridge, plan: Plan = PLAN, *, fed: int = 0, handled: int = 0) -> LiveFeed:
    anchored = anchor_plan(bridge.home, plan)
    setup = prepare_live(anchored, Config(), strategies=bridge.home.path / "strategies")
    return LiveFeed(bridge.home, anchored, setup, fed=fed, handled=handled)


def drain(feed: LiveFeed) -> list[Tick | BarClosed]:
    found: list[Tick | BarClosed] = []
    while (messages := feed.next()) is not None:
        found += messages
    return found


def test_bars_are_those_of_the_quotes_as_a_file(bridge: Bridge) -> None:
    quotes = some_quotes()
    anchor_plan(bridge.home, PLAN)
    bridge.keep(*quotes)
    found = drain(feed_of(bridge))
    assert [each for each in found if isinstance(each, Tick)] != []
    for symbol in PLAN.symbols or ():
        bars = [each for each in found if isinstance(each, BarClosed) and each.symbol == symbol]
        expected = ticks_to_bars(series_of(symbol, quotes), Timeframe.M1)
        columns = ("ts_open", "open", "high", "low", "close")
        rows = zip(*(getattr(expected, name).tolist() for name in columns), strict=True)
        told = [tuple(getattr(bar, name) for name in columns) for bar in bars]
        # The last one has not ended yet.
        assert told == [*rows][: len(told)]
        assert len(expected) - 1 <= len(told) <= len(expected)
        assert all(bar.has_ticks for bar in bars)


def test_sizes_of_the_book_come_with_the_quote(bridge: Bridge) -> None:
    anchor_plan(bridge.home, PLAN)
    plain = quote("EURUSD", START, 113_000)
    sized = Quote("EURUSD", START // 1_000_000, 1, START, 5, 113_001, 113_009, 2.5, None)
    bridge.keep(plain, sized)
    ticks = [each for each in drain(feed_of(bridge)) if isinstance(each, Tick)]
    assert [(each.bid_size, each.ask_size) for each in ticks] == [(None, None), (2.5, None)]


def series_of(symbol: str, quotes: list[Quote]) -> TickSeries:
    own = [each for each in quotes if each.symbol == symbol]
    ts, bid, ask = (
        np.array([getattr(each, name) for each in own], np.int64) for name in ("ts", "bid", "ask")
    )
    return TickSeries(
        symbol=symbol, source="test", digits=5, ts=ts, bid=bid, ask=ask,
        fold=np.zeros(len(ts), np.bool_),
    )  # fmt: skip


def test_a_bar_comes_before_the_quote_that_ends_it(bridge: Bridge) -> None:
    anchor_plan(bridge.home, PLAN)
    first = START - START % MINUTE
    bridge.keep(
        quote("EURUSD", first + SECOND, 113_000),
        quote("GBPUSD", first + 2 * SECOND, 127_000),
        quote("EURUSD", first + MINUTE, 113_005),
        # GBPUSD is silent; its bar closes a second later by the other's quote.
        quote("EURUSD", first + MINUTE + SECOND, 113_006),
    )
    told = [(type(each).__name__, each.symbol) for each in drain(feed_of(bridge))]
    tick, bar = "Tick", "BarClosed"
    assert told == [
        (tick, "EURUSD"), (tick, "GBPUSD"), (bar, "EURUSD"), (tick, "EURUSD"), (bar, "GBPUSD"),
        (tick, "EURUSD"),
    ]  # fmt: skip


def test_every_start_goes_on_with_the_same_messages(bridge: Bridge) -> None:
    anchor_plan(bridge.home, PLAN)
    bridge.keep(*some_quotes())
    whole = drain(feed_of(bridge, fed=70))
    first = (FEED << COUNTER_BITS) + 70
    assert [each.id for each in whole] == [first + n for n in range(1, len(whole) + 1)]
    for handled in (0, 1, 17, 18, 19, len(whole) - 1, len(whole)):
        feed = feed_of(bridge, fed=70, handled=handled)
        assert drain(feed) == whole[handled:]


def test_a_place_that_was_kept_spares_reading_and_changes_nothing(bridge: Bridge) -> None:
    anchor_plan(bridge.home, PLAN)
    bridge.keep(*some_quotes())
    whole, feed, handled = drain(feed_of(bridge)), feed_of(bridge), 0
    while handled < 200:
        handled += len(feed.next() or ())
    feed.keep(handled)
    for behind in (handled, handled + 1, handled + 50):
        again = feed_of(bridge, handled=behind)
        assert drain(again) == whole[behind:]
    # What was committed less far than the place is read from the beginning.
    assert drain(feed_of(bridge, handled=handled - 30)) == whole[handled - 30 :]


def test_a_run_begins_behind_what_was_there_before_it(bridge: Bridge) -> None:
    early, late = quote("EURUSD", START, 113_000), quote("EURUSD", START + SECOND, 113_001)
    bridge.keep(early)
    feed = feed_of(bridge)
    bridge.keep(late)
    (tick,) = drain(feed)
    assert (tick.ts_event, feed.next()) == (late.ts, None)
    # Asked for other symbols it is another run, which begins at the end once more.
    other = msgspec.structs.replace(PLAN, symbols=("EURUSD",))
    assert anchor_plan(bridge.home, other).base == 2


def test_late_and_crossed_quotes_are_left_out(bridge: Bridge) -> None:
    anchor_plan(bridge.home, PLAN)
    first = START - START % MINUTE
    bridge.keep(
        quote("GBPUSD", first + SECOND, 127_000),
        quote("EURUSD", first + 2 * MINUTE, 113_000),
        quote("GBPUSD", first + 2 * SECOND, 127_001),
        quote("EURUSD", first + 2 * MINUTE + SECOND, 113_000, spread=-1),
    )
    feed = feed_of(bridge)
    assert [each.symbol for each in drain(feed)] == ["GBPUSD", "GBPUSD", "EURUSD"]
    assert feed.quotes.late == 2


def test_prices_of_other_digits_are_refused(bridge: Bridge) -> None:
    anchor_plan(bridge.home, PLAN)
    bridge.keep(quote("EURUSD", START, 1_130, digits=3))
    with pytest.raises(DataError, match=r"3 digits and traded with 5; set digits = 3"):
        drain(feed_of(bridge))


def test_quantities_that_an_edge_would_read_as_others_are_refused(tmp_path: Path) -> None:
    overrides = {"instruments": {"XAUUSD": {"quantity_digits": 0, "volume_min": 1}}}
    config = msgspec.convert(overrides, Config)
    plan = Plan(source="live", symbols=("EURUSD", "XAUUSD"), edge="desk", broker="edge")
    with pytest.raises(UsageError, match=r"XAUUSD in units of 10\^-2 and the settings say 10\^-0"):
        prepare_live(plan, config, strategies=tmp_path)
    assert prepare_live(plan, Config(), strategies=tmp_path).symbols == ["EURUSD", "XAUUSD"]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (Plan(source="live"), "needs --symbols"),
        (Plan(source="live", symbols=("EURUSD",), speed=60.0), "own pace"),
        (Plan(source="live", symbols=("EURUSD",), data=("x",)), "neither --data"),
        (Plan(source="live", symbols=("EURUSD",), challenger="other"), "nobody challenges"),
        (Plan(source="sample", edge="desk"), "--broker go with"),
    ],
)
def test_options_that_contradict_are_refused(tmp_path: Path, given: Plan, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        check_files(given, tmp_path)


def test_an_edge_must_be_known(tmp_path: Path) -> None:
    home = open_home(tmp_path, SimClock(START))
    with pytest.raises(UsageError, match="knows 0 edges"):
        anchor_plan(home, PLAN)
    with pytest.raises(UsageError, match="'desk' is unknown"):
        anchor_plan(home, msgspec.structs.replace(PLAN, edge="desk"))

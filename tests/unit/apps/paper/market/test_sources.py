"""Several edges' quotes as one feed: in the order of arrival, the same at every start."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from msgspec import Raw

from assay.apps.bridge.inbox import Arrivals, EdgeBox
from assay.apps.bridge.market import MarketReader
from assay.apps.bridge.tokens import EdgeTokens
from assay.apps.config import Config, SourcesConfig
from assay.apps.gateway.board.alerts import NAMES
from assay.apps.link.frames import PackedCodec, Quote
from assay.apps.paper.control.notices import ALERTED, describe_notice
from assay.apps.paper.market.live import (
    LiveFeed,
    anchor_plan,
    market_folder,
    name_sources,
    prepare_live,
)
from assay.apps.paper.market.sources import rescale_quote
from assay.apps.paper.plan import Plan
from assay.model.errors import UsageError
from assay.model.messages import (
    BarClosed,
    Message,
    QuotesDisputed,
    SourceSkewed,
    SourceSuspected,
    SourceSwitched,
    Tick,
)
from assay.model.time import SECOND
from assay.runtime.clock import SimClock
from assay.runtime.home import Home, open_home
from assay.runtime.ids import Rng

START = 1_561_360_000 * SECOND
MILLI = SECOND // 1_000
DIGITS = {"EURUSD": 5, "GBPUSD": 5}
PLAN = Plan(source="live", symbols=("EURUSD", "GBPUSD"), edge="desk", fallbacks=("backup",))


class Bridge:
    """Keep what two edges send, as one bridge does."""

    def __init__(self, path: Path) -> None:
        self.clock = SimClock(START)
        self.home: Home = open_home(path, self.clock)
        self._codec, self._numbers = PackedCodec(), {"desk": 0, "backup": 0}
        for edge in self._numbers:
            EdgeTokens(self.home).issue(edge, tenant="local", account="paper")
        self.open()
        anchor_plan(self.home, PLAN)

    def open(self) -> None:
        arrivals = Arrivals(self.clock)
        self.boxes = {
            edge: EdgeBox(market_folder(self.home, edge).parent, self.clock, arrivals)
            for edge in self._numbers
        }

    def quote(
        self, edge: str, bid: int, symbol: str = "EURUSD", *, after: int = 100 * MILLI,
        digits: int = 5, old: int = 0,
    ) -> int:  # fmt: skip
        """Let an edge send a quote of now, eight points wide, stamped `old` before; return when."""
        now = self.clock.now_ns() + after
        self.clock.advance_to(now)
        ts = now - old
        self._numbers[edge] += 1
        kept = Quote(symbol, ts // MILLI, 0, ts, digits, bid, bid + 8)
        inbox = self.boxes[edge].market
        inbox.take(self._numbers[edge], [Raw(self._codec.encode(kept))], self._codec)
        inbox.receiving.advance(self._numbers[edge])
        return ts

    def both(self, bid: int, rounds: int = 1) -> None:
        for _ in range(rounds):
            for edge in self.boxes:
                for symbol in DIGITS:
                    self.quote(edge, bid, symbol)

    def feed(self, plan: Plan = PLAN, *, handled: int = 0) -> LiveFeed:
        anchored = anchor_plan(self.home, plan)
        setup = prepare_live(anchored, Config(), strategies=self.home.path / "strategies")
        return LiveFeed(self.home, anchored, setup, fed=0, handled=handled)

    def close(self) -> None:
        for box in self.boxes.values():
            box.close()


@pytest.fixture
def bridge(tmp_path: Path) -> Iterator[Bridge]:
    with closing(Bridge(tmp_path)) as opened:
        yield opened


def drain(feed: LiveFeed) -> list[Message]:
    found: list[Message] = []
    while (messages := feed.next()) is not None:
        found += messages
    return found


def story(bridge: Bridge, rng: Rng) -> None:
    """Let two edges quote, break, lie, lag and come back."""
    price = 113_000
    for _ in range(60):
        act = rng.randint(0, 9)
        if act < 2:
            edge = rng.choice(("desk", "backup"))
            bridge.boxes[edge].market.note_link(linked=act == 0)
        for _ in range(rng.randint(1, 20)):
            price += rng.randint(-3, 3)
            edge, symbol = rng.choice(("desk", "backup")), rng.choice(("EURUSD", "GBPUSD"))
            lie = rng.choice((-400, 400)) if act == 3 and edge == "desk" else 0
            bridge.quote(edge, price + lie, symbol, after=rng.randint(1, 400) * MILLI)


def test_a_tick_is_confirmed_where_the_other_source_shows_it_too(bridge: Bridge) -> None:
    bridge.quote("desk", 113_000)
    bridge.quote("backup", 113_003)
    bridge.quote("desk", 113_001)
    ticks = [each for each in drain(bridge.feed()) if isinstance(each, Tick)]
    assert [(each.bid, each.confirmed) for each in ticks] == [(113_000, False), (113_001, True)]


def test_when_a_link_ends_the_other_source_serves_within_its_next_quote(bridge: Bridge) -> None:
    bridge.both(113_000, rounds=5)
    feed = bridge.feed()
    drain(feed)
    bridge.boxes["desk"].market.note_link(linked=False)
    told = drain(feed)
    assert [(each.symbol, each.source, each.before, each.reason) for each in told  # type: ignore[attr-defined]
            ] == [(symbol, "backup", "desk", "unlinked") for symbol in DIGITS]  # fmt: skip
    ts = bridge.quote("backup", 113_002)
    (tick,) = drain(feed)
    assert (tick.ts_event, tick.confirmed) == (ts, False)  # type: ignore[attr-defined]


def test_a_liar_is_suspected_and_its_quotes_reach_nobody(bridge: Bridge) -> None:
    bridge.both(113_000, rounds=10)
    for _ in range(20):
        bridge.quote("desk", 112_500)
        bridge.quote("backup", 113_001)
    found = drain(bridge.feed())
    assert [each.source for each in found if isinstance(each, SourceSuspected)] == ["desk"]
    switched = [each for each in found if isinstance(each, SourceSwitched)]
    assert [(each.symbol, each.reason) for each in switched] == [("EURUSD", "suspect")]
    assert min(each.bid for each in found if isinstance(each, Tick)) >= 113_000


def test_a_fallback_that_stamps_an_hour_late_is_told_of_in_words(bridge: Bridge) -> None:
    for _ in range(300):
        bridge.quote("desk", 113_000)
        bridge.quote("backup", 113_001, old=3_600 * SECOND)
    found = drain(bridge.feed())
    [told] = [each for each in found if isinstance(each, SourceSkewed)]
    before = [each for each in found[: found.index(told)] if isinstance(each, Tick)]
    assert told.ts_event == before[-1].ts_event, "an hour off would be another time of the market"
    assert describe_notice(told) == (
        "EURUSD: quotes of backup are stamped 3,600 s behind those of desk, so that it cannot "
        "serve; check its server offset (--server-clock of its connector), its machine's clock "
        "and its line"
    )
    assert isinstance(told, ALERTED)
    assert NAMES[SourceSkewed] == "source"
    again = msgspec.structs.replace(told, skewed=False, offset=0)
    assert describe_notice(again) == (
        "EURUSD: quotes of backup are stamped with the right time again"
    )
    own = msgspec.structs.replace(told, offset=3_600 * SECOND, beside="backup")
    assert "3,600 s ahead of what it kept before; check" in describe_notice(own)


def test_what_nobody_can_settle_stops_the_feed_of_that_symbol(bridge: Bridge) -> None:
    bridge.both(113_000, rounds=10)
    for step in range(60):
        bridge.quote("desk", 113_000 + step)
        bridge.quote("backup", 113_000 - step)
        bridge.quote("desk", 113_000, "GBPUSD")
    found = drain(bridge.feed())
    [disputed] = [each for each in found if isinstance(each, QuotesDisputed)]
    assert (disputed.symbol, disputed.disputed) == ("EURUSD", True)
    after = found[found.index(disputed) :]
    assert {each.symbol for each in after if isinstance(each, Tick)} == {"GBPUSD"}


@pytest.mark.parametrize("seed", range(2))
def test_every_start_goes_on_with_the_same_messages(bridge: Bridge, seed: int) -> None:
    feed, live = bridge.feed(), []
    rng = Rng(seed)
    for _ in range(4):
        story(bridge, rng)
        live += drain(feed)
    # What was told as it came is what all the records tell at once.
    assert drain(bridge.feed()) == live
    kinds = {type(each) for each in live}
    assert {Tick, BarClosed, SourceSwitched} <= kinds
    for handled in (0, 1, len(live) // 3, len(live) // 2, len(live) - 1, len(live)):
        again = bridge.feed(handled=handled)
        assert drain(again) == live[handled:]
    half = bridge.feed()
    handled = 0
    while handled < len(live) // 2:
        handled += len(half.next() or ())
    half.keep(handled)
    assert drain(bridge.feed(handled=handled)) == live[handled:]
    times: dict[str, int] = {}
    for each in live:
        if isinstance(each, Tick):
            assert each.ts_event >= times.get(each.symbol, 0)
            times[each.symbol] = each.ts_event


def test_a_bridge_whose_clock_went_back_numbers_on(bridge: Bridge) -> None:
    bridge.both(113_000, rounds=2)
    feed = bridge.feed()
    count = len(drain(feed))
    bridge.close()
    bridge.clock = SimClock(START - 60 * SECOND)
    bridge.open()
    bridge.both(113_001, rounds=1)
    came = []
    reader = MarketReader([market_folder(bridge.home, each) for each in PLAN.edges], (0, 0))
    while (found := reader.next()) is not None:
        came.append(found.at)
    assert came == sorted(set(came))
    assert count > 0


def test_a_fallback_of_other_digits_is_rescaled_against_us() -> None:
    coarse = Quote("EURUSD", 1, 0, 1, 4, 11_300, 11_301)
    assert rescale_quote(coarse, 5).bid == 113_000
    fine = Quote("EURUSD", 1, 0, 1, 6, 1_130_007, 1_130_011)
    assert (rescale_quote(fine, 5).bid, rescale_quote(fine, 5).ask) == (113_000, 113_002)


def test_sources_come_from_options_else_from_the_settings(bridge: Bridge) -> None:
    asked = msgspec.structs.replace(PLAN, edge=None, fallbacks=())
    told = SourcesConfig(edges=["backup", "desk"], by_symbol={"GBPUSD": ["desk"]})
    named = name_sources(bridge.home, asked, told)
    assert (named.edges, named.ranks) == (("backup", "desk"), {"GBPUSD": ("desk",)})
    assert name_sources(bridge.home, PLAN, SourcesConfig()).edges == ("desk", "backup")
    assert name_sources(bridge.home, PLAN, told).edges == ("desk", "backup")
    with pytest.raises(UsageError, match="name an edge twice"):
        name_sources(bridge.home, msgspec.structs.replace(PLAN, fallbacks=("desk",)), told)
    wrong = SourcesConfig(edges=["desk", "backup"], by_symbol={"GBPUSD": ["third"]})
    with pytest.raises(UsageError, match=r"by_symbol\.GBPUSD is third; name some of"):
        name_sources(bridge.home, asked, wrong)
    with pytest.raises(UsageError, match="'third' is unknown"):
        anchor_plan(bridge.home, msgspec.structs.replace(PLAN, fallbacks=("third",)))


def test_each_symbol_may_have_sources_of_its_own(bridge: Bridge) -> None:
    plan = msgspec.structs.replace(PLAN, ranks={"GBPUSD": ("backup", "desk")})
    feed = bridge.feed(plan)
    bridge.both(113_000, rounds=1)
    bridge.quote("desk", 113_000, "GBPUSD")
    bridge.quote("backup", 113_003, "GBPUSD")
    last = [each for each in drain(feed) if isinstance(each, Tick)][-1]
    assert (last.symbol, last.bid) == ("GBPUSD", 113_003)

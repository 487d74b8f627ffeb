"""The module of features: every bar answered once, leaders without a look ahead."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count

import numpy as np
import pytest

from assay.model.errors import DataError, UsageError
from assay.model.messages import BarClosed, FeaturesReady, Message
from assay.model.time import HOUR, MINUTE
from assay.runtime.runners import InlineRunner
from assay.signals.features import (
    LEADER_FEATURES,
    BarColumns,
    Described,
    FeatureModule,
    FeatureSet,
    Lead,
    compute_features,
    describe_bars,
    ewma,
    find_absent,
    quotient,
    read_values,
    standard_set,
    tell,
    use,
)
from assay.signals.features.leaders import STALE_BARS
from tests.contract.bar_columns import bars_from, message_of, walk

SMALL = FeatureSet(
    "small", 1, (use("roc", period=1), use("realised_volatility", period=5)),
    (quotient("return_1", "roc_1.move", "realised_volatility_5.points"), ewma("m", "return_1", 2)),
)  # fmt: skip
LED = FeatureSet(
    "led", 1, SMALL.uses, SMALL.features, leader_features=("m",),
    leaders=(Lead("EURUSD", "GOLD", -1), Lead("YEN", "EURUSD", 1)),
)  # fmt: skip
FOLLOWERS = ("EURUSD", "GOLD", "YEN")


def module_of(chosen: FeatureSet, symbols: Sequence[str] = ("EURUSD",)) -> FeatureModule:
    return FeatureModule(chosen, symbols, MINUTE, count(1).__next__)


def answers(messages: Sequence[Message]) -> list[FeaturesReady]:
    return [message for message in messages if isinstance(message, FeaturesReady)]


def test_every_bar_is_answered_with_the_features_of_the_batch(wire: bool) -> None:
    bars = bars_from(walk(1, 400))
    chosen = standard_set(MINUTE)
    wanted = compute_features(chosen, bars)
    runner = InlineRunner([module_of(chosen)], wire=wire)
    for row in range(len(bars)):
        bar = message_of(bars, row)
        (found,) = answers(runner.push(bar))
        assert read_values(found).tobytes() == wanted[row].tobytes()
        assert (found.cause, found.symbol, found.timeframe) == (bar.id, "EURUSD", MINUTE)
        assert (found.ts_event, found.feature_set) == (bar.ts_event, "standard.3")
        assert found.digest == chosen.digest
        assert not found.settled
        assert found.missing == ()


def test_other_symbols_lengths_and_old_bars_are_not_its_business() -> None:
    bars = bars_from(walk(1, 20))
    module = module_of(SMALL)
    assert len(module.handle(message_of(bars, 0))) == 1
    assert module.handle(message_of(bars, 0)) == []
    assert module.handle(message_of(bars, 1, symbol="GOLD")) == []
    bar = message_of(bars, 1)
    fields = {name: getattr(bar, name) for name in bar.__struct_fields__}
    assert module.handle(BarClosed(**{**fields, "timeframe": HOUR})) == []
    assert len(module.handle(bar)) == 1


def test_it_is_settled_after_as_many_bars_as_the_set_says() -> None:
    bars = bars_from(walk(1, SMALL.settling + 10))
    module = module_of(SMALL)
    flags = [module.handle(message_of(bars, row))[0].settled for row in range(len(bars))]  # type: ignore[attr-defined]
    assert flags.index(True) == SMALL.settling - 1
    assert all(flags[SMALL.settling - 1 :])
    loaded = module_of(SMALL)
    loaded.load({"EURUSD": bars.cut(slice(0, SMALL.settling))})
    (found,) = answers(loaded.handle(message_of(bars, SMALL.settling)))
    assert found.settled
    with pytest.raises(
        UsageError, match="features of 'GOLD' are not computed here, only of EURUSD"
    ):
        loaded.load({"GOLD": bars})


def test_a_restart_at_any_bar_changes_nothing() -> None:
    feeds = three_feeds()
    stream = merged(feeds)
    wanted = run(module_of(LED, FOLLOWERS), stream)
    module = module_of(LED, FOLLOWERS)
    found: list[FeaturesReady] = []
    for message in stream:
        state = module.snapshot()
        module = module_of(LED, FOLLOWERS)
        module.restore(state)
        found += answers(module.handle(message))
    assert [(m.symbol, m.ts_event, m.values, m.missing) for m in found] == [
        (m.symbol, m.ts_event, m.values, m.missing) for m in wanted
    ]
    with pytest.raises(DataError):
        module_of(SMALL).restore(state)


def three_feeds() -> dict[str, BarColumns]:
    """Return an instrument and two leaders, each with holes of its own."""
    feeds = {}
    for seed, symbol in enumerate(("EURUSD", "GOLD", "YEN")):
        rng = np.random.default_rng(seed)
        bars = bars_from(walk(seed, 300))
        kept = rng.random(len(bars)) > 0.2
        if symbol == "YEN":
            kept[100:130] = False
        rows = np.flatnonzero(kept)
        feeds[symbol] = bars.cut(rows)
    return feeds


def merged(feeds: dict[str, BarColumns], order: Sequence[str] = ()) -> list[BarClosed]:
    """Return the bars of all in order of their closes, those of one time in the order given."""
    ranks = {symbol: rank for rank, symbol in enumerate(order or feeds)}
    found = [message_of(bars, row, s) for s, bars in feeds.items() for row in range(len(bars))]
    return sorted(found, key=lambda bar: (bar.ts_event, ranks[bar.symbol]))


def run(module: FeatureModule, stream: Sequence[Message]) -> list[FeaturesReady]:
    return [answer for message in stream for answer in answers(module.handle(message))]


def described(feeds: dict[str, BarColumns], symbol: str) -> Described:
    told = {leader: tell(LED, feeds[leader]) for leader in LED.leading([symbol])}
    return describe_bars(LED, feeds[symbol], symbol=symbol, timeframe=MINUTE, told=told)


@pytest.mark.parametrize("order", [FOLLOWERS, ("YEN", "GOLD", "EURUSD")])
def test_leaders_live_are_those_of_the_batch_in_any_order(order: Sequence[str]) -> None:
    feeds = three_feeds()
    found = run(module_of(LED, FOLLOWERS), merged(feeds, order))
    assert LED.names == ("return_1", "m", "lead.m")
    for symbol in FOLLOWERS:
        wanted, mine = described(feeds, symbol), [m for m in found if m.symbol == symbol]
        assert [m.ts_event for m in mine] == feeds[symbol].ts_close.tolist()
        assert np.array([read_values(m) for m in mine]).tobytes() == wanted.values.tobytes()
        assert [m.settled for m in mine] == wanted.settled.tolist()
        silent = [bool(m.missing) for m in mine]
        lead = LED.lead_of(symbol)
        assert any(silent) == (lead is not None)
        assert {m.missing for m in mine if m.missing} == ({(lead.leader,)} if lead else set())


def test_one_that_is_followed_and_not_traded_is_heard() -> None:
    feeds = three_feeds()
    found = run(module_of(LED), merged(feeds))
    assert {m.symbol for m in found} == {"EURUSD"}
    values = np.array([read_values(m) for m in found])
    assert values.tobytes() == described(feeds, "EURUSD").values.tobytes()


def test_leaders_say_what_they_had_told_before() -> None:
    feeds = three_feeds()
    led, gold = described(feeds, "EURUSD").values[:, 2], feeds["GOLD"]
    own = compute_features(SMALL, gold)[:, 1]
    spoken = 0
    for row, close in enumerate(feeds["EURUSD"].ts_close.tolist()):
        known = np.flatnonzero(gold.ts_close < close)
        is_fresh = len(known) and close - gold.ts_close[known[-1]] < STALE_BARS * MINUTE
        wanted = -own[known[-1]] if is_fresh else np.float32(0)
        assert np.array_equal(led[row], wanted, equal_nan=True)
        spoken += bool(is_fresh)
    assert spoken > 200


def test_whoever_follows_nobody_follows_itself() -> None:
    values = described(three_feeds(), "GOLD").values
    assert np.array_equal(values[:, 2], values[:, 1], equal_nan=True)


def test_the_future_of_a_leader_changes_nothing() -> None:
    feeds = three_feeds()
    whole = described(feeds, "EURUSD").values
    for until in (0, 60, 150):
        close = feeds["EURUSD"].ts_close[until]
        cut = {s: b.cut(slice(0, int(np.sum(b.ts_close <= close)))) for s, b in feeds.items()}
        assert described(cut, "EURUSD").values.tobytes() == whole[: until + 1].tobytes()


def test_a_leader_that_fell_silent_says_nothing() -> None:
    feeds = three_feeds()
    feeds["EURUSD"], feeds["YEN"] = feeds["YEN"], feeds["EURUSD"]
    values = described(feeds, "YEN").values[:, 2]
    closes, told = feeds["YEN"].ts_close, feeds["EURUSD"].ts_close
    gap = int(np.argmax(np.diff(told)))
    silent = (closes >= told[gap] + STALE_BARS * MINUTE) & (closes <= told[gap + 1])
    assert silent.sum() > 5
    assert (values[silent] == 0).all()
    assert (values[(closes > told[10]) & ~silent] != 0).all()


def test_a_follower_settles_no_sooner_than_its_leader() -> None:
    bars = bars_from(walk(1, SMALL.settling + 30))
    feeds = {"EURUSD": bars, "GOLD": bars.cut(slice(20, None)), "YEN": bars}
    found = run(module_of(LED), merged(feeds))
    assert [m.settled for m in found] == described(feeds, "EURUSD").settled.tolist()
    assert [m.settled for m in found].index(True) == SMALL.settling + 20
    loaded = module_of(LED)
    past = slice(0, SMALL.settling + 20)
    cut = bars.ts_close[past.stop - 1]
    loaded.load({s: b.cut(slice(0, int(np.sum(b.ts_close <= cut)))) for s, b in feeds.items()
                 if s != "YEN"})  # fmt: skip
    (after,) = answers(loaded.handle(message_of(bars, past.stop)))
    assert after.settled
    assert after.values == found[past.stop].values


def test_a_follower_wants_the_bars_of_its_leader() -> None:
    feeds = three_feeds()
    with pytest.raises(UsageError, match="EURUSD follows GOLD, whose bars were not given"):
        describe_bars(LED, feeds["EURUSD"], symbol="EURUSD", timeframe=MINUTE)
    leads = [Lead("EURUSD", "DXY", 1)]
    names = tuple(f"lead.{name}" for name in LEADER_FEATURES)
    assert standard_set(MINUTE, leads).names[-len(names) :] == names
    assert find_absent(leads, ["EURUSD", "GBPUSD"]) == {"EURUSD": "DXY"}
    assert find_absent(leads, ["GBPUSD"]) == find_absent(leads, ["EURUSD", "DXY"]) == {}

"""The module of features: every bar answered once, leaders without a look ahead."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count

import numpy as np
import pytest

from assay.model.errors import DataError, UsageError
from assay.model.messages import BarClosed, BarSetClosed, FeaturesReady, Message
from assay.model.time import HOUR, MINUTE
from assay.runtime.runners import InlineRunner
from assay.signals.features import (
    LEADER_FEATURES,
    BarColumns,
    FeatureModule,
    FeatureSet,
    compute_features,
    ewma,
    quotient,
    read_values,
    standard_set,
    use,
)
from assay.signals.features.leaders import STALE_BARS
from tests.contract.bar_columns import bars_from, message_of, walk

SMALL = FeatureSet(
    "small", 1, (use("roc", period=1), use("realised_volatility", period=5)),
    (quotient("return_1", "roc_1.move", "realised_volatility_5.points"), ewma("m", "return_1", 2)),
)  # fmt: skip
LED = FeatureSet(
    "led", 1, SMALL.uses, SMALL.features, leaders=("GOLD", "YEN"), leader_features=("m",)
)  # fmt: skip


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
        assert (found.ts_event, found.feature_set) == (bar.ts_event, "standard.2")
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
    wanted = run(module_of(LED, ("EURUSD", "GOLD")), stream)
    module = module_of(LED, ("EURUSD", "GOLD"))
    found: list[FeaturesReady] = []
    for message in stream:
        state = module.snapshot()
        module = module_of(LED, ("EURUSD", "GOLD"))
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


@pytest.mark.parametrize("order", [("EURUSD", "GOLD", "YEN"), ("YEN", "GOLD", "EURUSD")])
def test_leaders_live_are_those_of_the_batch(order: Sequence[str]) -> None:
    feeds = three_feeds()
    wanted = compute_features(LED, feeds["EURUSD"], leaders=feeds, timeframe=MINUTE)
    found = run(module_of(LED), merged(feeds, order))
    assert LED.names == ("return_1", "m", "GOLD.m", "YEN.m")
    assert [m.ts_event for m in found] == feeds["EURUSD"].ts_close[: len(found)].tolist()
    assert len(wanted) - len(found) <= 1
    assert np.array([read_values(m) for m in found]).tobytes() == wanted[: len(found)].tobytes()
    for message in found:
        closes = {s: set(feeds[s].ts_close.tolist()) for s in LED.leaders}
        absent = tuple(s for s in LED.leaders if message.ts_event not in closes[s])
        assert message.missing == absent


def test_leaders_say_what_they_had_said_by_then() -> None:
    feeds = three_feeds()
    led = compute_features(LED, feeds["EURUSD"], leaders=feeds, timeframe=MINUTE)[:, 2]
    own = compute_features(SMALL, feeds["GOLD"])[:, 1]
    for row, close in enumerate(feeds["EURUSD"].ts_close.tolist()):
        known = np.flatnonzero(feeds["GOLD"].ts_close <= close)
        wanted = own[known[-1]] if len(known) else np.float32(np.nan)
        assert np.array_equal(led[row], wanted, equal_nan=True)


def test_the_future_of_a_leader_changes_nothing() -> None:
    feeds = three_feeds()
    whole = compute_features(LED, feeds["EURUSD"], leaders=feeds, timeframe=MINUTE)
    for until in (0, 60, 150):
        close = feeds["EURUSD"].ts_close[until]
        cut = {s: b.cut(slice(0, int(np.sum(b.ts_close <= close)))) for s, b in feeds.items()}
        part = compute_features(LED, cut["EURUSD"], leaders=cut, timeframe=MINUTE)
        assert part.tobytes() == whole[: until + 1].tobytes()


def test_a_leader_that_fell_silent_says_nothing() -> None:
    feeds = three_feeds()
    values = compute_features(LED, feeds["EURUSD"], leaders=feeds, timeframe=MINUTE)[:, 3]
    closes, yen = feeds["EURUSD"].ts_close, feeds["YEN"].ts_close
    gap = int(np.argmax(np.diff(yen)))
    silent = (closes >= yen[gap] + STALE_BARS * MINUTE) & (closes < yen[gap + 1])
    assert silent.sum() > 5
    assert np.isnan(values[silent]).all()
    assert np.isfinite(values[(closes > yen[10]) & ~silent]).all()


def test_a_closed_set_releases_what_waits_for_a_missing_leader() -> None:
    feeds = {symbol: bars_from(walk(n, 40)) for n, symbol in enumerate(("EURUSD", "GOLD", "YEN"))}
    module = module_of(LED)
    run(module, merged({symbol: bars.cut(slice(0, 20)) for symbol, bars in feeds.items()}))
    bar = message_of(feeds["EURUSD"], 20)
    assert module.handle(bar) == []
    assert module.handle(message_of(feeds["GOLD"], 20, "GOLD")) == []
    closed = BarSetClosed(
        id=9, ts_event=bar.ts_event + 1, ts_init=0, timeframe=MINUTE, ts_close=bar.ts_event,
        symbols=("EURUSD", "GOLD"), bars=(1, 2), missing=("YEN",),
    )  # fmt: skip
    (found,) = answers(module.handle(closed))
    assert (found.ts_event, found.missing) == (bar.ts_event, ("YEN",))
    assert module.handle(closed) == []
    assert module.handle(message_of(feeds["YEN"], 20, "YEN")) == []


def test_a_set_with_leaders_wants_their_bars() -> None:
    feeds = three_feeds()
    with pytest.raises(UsageError, match=r"led\.1 follows leaders and was not given YEN"):
        compute_features(LED, feeds["EURUSD"], leaders={"GOLD": feeds["GOLD"]}, timeframe=MINUTE)
    with pytest.raises(UsageError, match="was not given the bar length"):
        compute_features(LED, feeds["EURUSD"], leaders=feeds)
    assert standard_set(MINUTE, ["DXY"]).names[-4:] == tuple(
        f"DXY.{name}" for name in LEADER_FEATURES
    )

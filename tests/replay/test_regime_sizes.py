"""Sizes that follow regimes: a backtest is told of them as paper is, at the same time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

import msgspec
import numpy as np
import pytest

from assay.apps.cli.console import run
from assay.apps.cli.main import build
from assay.apps.conditions.past import tell_regimes
from assay.apps.conditions.watches import Watches
from assay.apps.config import ActsConfig, ConditionsConfig, Config
from assay.apps.lab.backtests.backtest import Request, describe_look, prepare_run
from assay.apps.lab.backtests.lookahead import LookaheadRequest, look_ahead
from assay.apps.lab.runs.drivers import feed_messages, replay, sweep
from assay.apps.lab.runs.outcome import OutcomeCollector
from assay.apps.lab.runs.setup import Costs, Setup
from assay.apps.lab.sweeps.course import Course
from assay.apps.paper.plan import Plan
from assay.apps.paper.trader.hotpath import PaperTrader
from assay.apps.paper.trader.producers import counter_of
from assay.apps.paper.trader.standing import describe_desk
from assay.kernel.records import BASE_BAR
from assay.market.series import BarSeries, TickSeries
from assay.market.sources.parquet.writing import write_parquet
from assay.model.errors import UsageError
from assay.model.messages import (
    BarClosed,
    EntriesHalted,
    Message,
    RegimeChanged,
    SizeScaled,
    encode_message,
)
from assay.model.time import MINUTE, Timeframe
from assay.runtime.home import Home, open_home
from assay.signals.regimes import Kept, place_of, write_classifier
from tests.replay.conditions import make_breaking, make_kept
from tests.replay.markets import generate_bars
from tests.sim.crashing import Fuse, Place

BARS = 900
SIZES = {"quiet": 50, "weak_bull": 40, "volatile_crisis": 0, "breakout_up": 0, "unknown": 80}
CONFIG = Config(
    acts=ActsConfig(regime_sizes=SIZES), conditions=ConditionsConfig(regimes=["eurusd"])
)


@dataclass(frozen=True)
class Scene:
    """Hold a market of two instruments, and the home that keeps a classifier of the first."""

    home: Home
    market: Sequence[BarSeries]
    kept: Kept

    def request(self, config: Config = CONFIG, home: Path | None = None) -> Request:
        return Request(
            data=(), strategy="sma-cross", risk="reference", config=config,
            params={"fast": "5", "slow": "12", "units": "100000"}, home=home or self.home.path,
        )  # fmt: skip

    def setup(self, config: Config = CONFIG, series: Sequence[BarSeries] = ()) -> Setup:
        return prepare_run(self.request(config), series or self.market)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    home = open_home(tmp_path_factory.mktemp("regimes"))
    market = make_breaking(BARS, BARS // 2)
    kept = make_kept("EURUSD", int(market[0].ts_open[0]))
    keep(home, "eurusd", kept)
    return Scene(home, market, kept)


def keep(home: Home, name: str, kept: Kept) -> None:
    home.folder("regimes")
    write_classifier(place_of(home.path, name), kept)


def told_in(messages: Sequence[Message]) -> list[bytes]:
    """Return the changes of regime among messages, without their ids."""
    return [
        encode_message(msgspec.structs.replace(each, id=0))
        for each in messages
        if isinstance(each, RegimeChanged)
    ]


def watched(scene: Scene, place: Place, stop: int) -> Callable[[PaperTrader], None]:
    """Return an act that trades until a place in the feed with the conditions of a run beside.

    The trader commits after every moment of the market, the watches hear its bars from the journal,
    and what they tell is committed before the next moment.
    """

    def act(trader: PaperTrader) -> None:
        sheet = describe_desk(Plan(), trader, 1)
        watches, _ = Watches.of_run(scene.home, CONFIG.conditions, sheet)
        heard = len(place.log.messages)
        watches.take(place.log.messages)
        feed = [*feed_messages(place.setup, place.setup.events(), trader.next)]
        for message, following in zip(feed, [*feed[1:], None], strict=True):
            if trader.next >= stop:
                return
            trader.handle(message)
            if following is not None and following.ts_event == message.ts_event:
                continue
            trader.commit()
            new, heard = place.log.messages[heard:], len(place.log.messages)
            notices = watches.take(new)
            if notices:
                trader.record(notices)

    return act


def test_a_backtest_is_paper_with_the_regimes_that_are_told_beside_it(
    scene: Scene, tmp_path: Path, wire: bool
) -> None:
    setup = scene.setup()
    place = Place(setup, tmp_path / "book.jsonl", wire=wire)
    half = len(setup.events()) // 2
    # A restart in the midst: the journal is read again, what it was told of included.
    assert place.live(Fuse(), watched(scene, place, half)) is not None
    assert place.live(Fuse(), watched(scene, place, 2 * half)) is not None
    collector, messages = OutcomeCollector(setup), list[Message]()
    for message in place.log.messages:
        collector.take(message)
    replayed = replay(setup, messages.extend, wire=wire)
    assert replayed.outcome.digest(setup) == collector.outcome().digest(setup)
    assert told_in(messages) == told_in(place.log.messages)
    assert replayed.regimes == len(told_in(messages)) > 10
    scaled = {each.held_back for each in messages if isinstance(each, SizeScaled)}
    assert scaled >= {2_000, 5_000}
    assert any(isinstance(each, EntriesHalted) and each.source == "regime" for each in messages)
    without = scene.setup(Config())
    assert replay(without).outcome.digest(without) != replayed.outcome.digest(setup)


def test_a_change_is_heard_after_all_of_its_moment_and_before_the_next(scene: Scene) -> None:
    setup, messages = scene.setup(), list[Message]()
    replay(setup, messages.extend)
    assert len({each.id for each in messages}) == len(messages)
    bars = {each.id: each for each in messages if isinstance(each, BarClosed)}
    for number, each in enumerate(messages):
        if not isinstance(each, RegimeChanged):
            continue
        cause = bars[each.cause]
        assert (cause.symbol, cause.ts_event) == (each.symbol, each.ts_event)
        before = [one for one in messages[:number] if isinstance(one, BarClosed)]
        after = [one for one in messages[number:] if isinstance(one, BarClosed)]
        assert before[-1].ts_event == each.ts_event
        assert not after or after[0].ts_event > each.ts_event
        # What was decided at the next close was decided before the account was looked at.
        sized = next((one for one in messages[number:] if isinstance(one, SizeScaled)), None)
        assert sized is None or sized.ts_event > each.ts_event


def test_more_bars_change_nothing_that_was_told_before(scene: Scene) -> None:
    setup = scene.setup()
    whole = tell_regimes(setup, setup.events())
    for count in (1, BARS // 3, BARS - 1):
        shorter = scene.setup(series=[one.select(slice(count)) for one in scene.market])
        told = tell_regimes(shorter, shorter.events())
        assert told == whole[: len(told)]
        assert all(each.ts_event > shorter.events()["ts"][-1] for each in whole[len(told) :])
    found = look_ahead(LookaheadRequest(run=scene.request(), cuts=3), series=scene.market)
    assert found.is_clean
    assert found.orders > 20


def test_quotes_of_another_market_between_the_bars_change_nothing_that_is_told(
    scene: Scene,
) -> None:
    bars = scene.market[0]
    moments = bars.ts_open[:40] + 7 * MINUTE
    bid = np.full(len(moments), 131_000, np.int64)
    sizes = np.full(len(moments), 3.0)
    ticks = TickSeries(
        symbol="GBPUSD", source="generated", digits=5, ts=moments, bid=bid, ask=bid + 10,
        fold=np.zeros(len(moments), np.bool_), bid_size=sizes, ask_size=sizes,
    )  # fmt: skip
    request = replace(scene.request(), costs=Costs(size_lots=Decimal(1)))
    mixed, alone = prepare_run(request, [ticks, bars]), scene.setup(series=[bars])
    events = mixed.events()
    assert mixed.sizes(events) is not None
    told, wanted = tell_regimes(mixed, events), tell_regimes(alone, alone.events())
    names = {"cause": 0}
    assert [msgspec.structs.replace(each, **names) for each in told] == [
        msgspec.structs.replace(each, **names) for each in wanted
    ]
    first = counter_of(told[0].cause) - 1
    assert (events["ts"][first], events["kind"][first]) == (told[0].ts_event, BASE_BAR)


def test_of_bars_that_it_was_fitted_on_a_classifier_tells_nothing(
    scene: Scene, tmp_path: Path
) -> None:
    home, whole = open_home(tmp_path / "home"), scene.setup()
    told = tell_regimes(whole, whole.events())
    until = told[len(told) // 2].ts_event
    keep(home, "eurusd", replace(scene.kept, fitted_until=until))
    setup = prepare_run(scene.request(home=home.path), scene.market)
    later = told_in(tell_regimes(setup, setup.events()))
    assert later == told_in([each for each in told if each.ts_event > until])
    assert 0 < len(later) < len(told)


def test_another_classifier_is_another_look(scene: Scene) -> None:
    setup, request = scene.setup(), scene.request()
    asked = describe_look(setup, request, "backtest").parameters
    known = scene.kept.classifier
    rules = msgspec.structs.replace(known.rules, drift=2 * known.rules.drift)
    kept = replace(scene.kept, classifier=replace(known, rules=rules))
    assert describe_look(replace(setup, regimes=[kept]), request, "backtest").parameters != asked
    assert describe_look(replace(setup, regimes=[]), request, "backtest").parameters != asked


@pytest.mark.parametrize("drive", [sweep, Course.of, replay])
def test_a_driver_that_is_told_no_regimes_refuses_by_name(
    scene: Scene, drive: Callable[[Setup], object]
) -> None:
    setup = scene.setup()
    with pytest.raises(UsageError, match=r"acts\.regime_sizes"):
        drive(replace(setup, regimes=()))
    if drive is not replay:
        with pytest.raises(UsageError, match="--driver replay"):
            drive(setup)


def test_regimes_that_cannot_be_told_are_refused_before_anything_is_traded(
    scene: Scene, tmp_path: Path
) -> None:
    other = open_home(tmp_path / "home")
    keep(other, "gbp", replace(scene.kept, symbol="GBPUSD"))
    keep(other, "eurusd", scene.kept)
    quarters = generate_bars("EURUSD", 20, 3, gapped=False, timeframe=Timeframe.M15)

    def refused(
        regimes: list[str], home: Path | None, bars: BarSeries = scene.market[0], **words: bool
    ) -> str:
        conditions = ConditionsConfig(regimes=regimes, **words)
        config = msgspec.structs.replace(CONFIG, conditions=conditions)
        asked = replace(scene.request(config), home=home)
        with pytest.raises(UsageError) as raised:
            prepare_run(asked, [bars])
        return str(raised.value)

    assert "none is named" in refused(["eurusd"], None)
    assert "none of gbp is of EURUSD" in refused(["gbp"], other.path)
    assert "eurusd is of other bars" in refused(["eurusd"], other.path, quarters)
    assert "regimes absent are unknown" in refused(["absent"], other.path)
    assert "nobody tells" in refused(["eurusd"], scene.home.path, enabled=False)
    asked = scene.request(
        msgspec.structs.replace(CONFIG, conditions=ConditionsConfig(regimes=["gbp", "eurusd"])),
        other.path,
    )
    assert [each.symbol for each in prepare_run(asked, scene.market[:1]).regimes] == ["EURUSD"]


def test_the_command_follows_the_regimes_of_its_home(
    scene: Scene, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home, data = open_home(tmp_path / "home"), tmp_path / "eurusd_h1.parquet"
    write_parquet(scene.market[0], data)
    keep(home, "eurusd", scene.kept)
    sizes = "".join(f"{name} = {percent}\n" for name, percent in SIZES.items())
    (home.path / "config.toml").write_text(
        f'[conditions]\nregimes = ["eurusd"]\n[acts.regime_sizes]\n{sizes}'
    )
    given = ["--data", str(data), "--strategy", "sma-cross", "--home", str(home.path)]
    assert run(build(), ["backtest", *given, "--driver", "replay"]) == 0
    told = tell_regimes(setup := scene.setup(series=scene.market[:1]), setup.events())
    assert f"{len(told)} changes of regime were told" in capsys.readouterr().out
    assert run(build(), ["lookahead", *given, "--cuts", "2"]) == 0
    capsys.readouterr()
    for command in (["backtest"], ["sweep", "--grid", "fast=3:5"]):
        assert run(build(), [*command, *given]) == 2
        assert "acts.regime_sizes" in "".join(capsys.readouterr().err.split())

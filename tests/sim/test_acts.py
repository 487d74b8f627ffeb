"""Risk that acts while trading: the same in replay and on paper, through crashes and restarts."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from assay.apps.config import AccountConfig, ActsConfig, ConditionsConfig, Config
from assay.apps.lab.runs.drivers import feed_messages, replay, sweep
from assay.apps.lab.runs.outcome import OutcomeCollector
from assay.apps.lab.runs.setup import Setup, prepare
from assay.apps.paper.control.orders import HALT_ENTRIES, RELEASE_ENTRIES, ControlOrder
from assay.apps.paper.plan import Plan
from assay.apps.paper.preparing import identifier
from assay.apps.paper.trader.entries import carry_out
from assay.apps.paper.trader.hotpath import PaperTrader
from assay.books.analytics.band import Evidence
from assay.model.errors import UsageError
from assay.model.messages import (
    EntriesHalted,
    EntriesReleased,
    EquityMarked,
    GapFound,
    OrderDenied,
    OrderFilled,
    OrderSubmitted,
    PositionChanged,
    ReductionRequested,
    RegimeChanged,
    SizeScaled,
    StopTightened,
)
from assay.trading.engine.loading import load_strategy
from tests.replay.markets import generate_market
from tests.sim.crashing import Fuse, Place, crash_once, trade_on
from tools.tidy import ROOT

FUNDED = """
[daily_loss]
percent = 5
[maximum_loss]
percent = 2
kind = "trailing-equity"
"""
CRASHES = 12


def make_setup(acts: ActsConfig, *symbols: str, seed: int = 3, bars: int = 500) -> Setup:
    series = generate_market(symbols or ("EURUSD",), bars, seed, gapped=True, quoted=True)
    return prepare(
        series, load_strategy("sma-cross"),
        given={"fast": "5", "slow": "12", "units": "100000"}, risk="reference",
        config=Config(acts=acts),
    )  # fmt: skip


@pytest.fixture
def funded(tmp_path: Path) -> str:
    path = tmp_path / "funded.toml"
    path.write_text(FUNDED)
    return str(path)


def digest_of(place: Place) -> str:
    collector = OutcomeCollector(place.setup)
    for message in place.log.messages:
        collector.take(message)
    return collector.outcome().digest(place.setup)


def test_what_nobody_asked_for_changes_nothing() -> None:
    setup = make_setup(ActsConfig())
    assert setup.acts is None
    assert replay(setup).outcome.digest(setup) == sweep(setup).outcome.digest(setup)


def test_replay_and_paper_act_alike_through_crashes(
    tmp_path: Path, funded: str, wire: bool
) -> None:
    acts = ActsConfig(
        prop=funded, weekend="reduce", weekend_gaps_bp={"EURUSD": Decimal(150)},
        volatility_stop=Decimal(3), scale_out={"1": 40}, margin_level_bp=9_000,
    )  # fmt: skip
    setup = make_setup(acts, "EURUSD", "GBPUSD")
    whole = Place(setup, tmp_path / "whole.jsonl", wire=wire)
    crashed = Place(setup, tmp_path / "crashed.jsonl", wire=wire)
    assert whole.live(Fuse(), trade_on(whole)) is not None
    rng, length = random.Random(1), len(setup.events())
    for left in range(CRASHES, 0, -1):
        cursor = crashed.log.inbox["paper"][0] if crashed.log.inbox else 0
        crash_once(crashed, rng, (length - cursor) // (2 * left))
    assert crashed.live(Fuse(), trade_on(crashed)) is not None
    assert crashed.messages() == whole.messages()
    assert digest_of(crashed) == replay(setup, wire=wire).outcome.digest(setup)
    acted = [each for each in whole.log.messages if isinstance(each, ReductionRequested)]
    assert {each.source for each in acted} >= {"weekend", "volatility", "prop"}
    assert any(isinstance(each, PositionChanged) for each in whole.log.messages)
    assert not any(isinstance(each, GapFound) for each in whole.log.messages)


def test_tickets_are_acted_on_alike_in_replay_and_on_paper(
    tmp_path: Path, funded: str, wire: bool
) -> None:
    acts = ActsConfig(prop=funded, volatility_stop=Decimal(3), scale_out={"1": 40})
    series = generate_market(("EURUSD",), 500, 3, gapped=True, quoted=True)
    config = Config(acts=acts, account=AccountConfig(margin_mode="hedging"))
    setup = prepare(
        series, load_strategy("ladder", ROOT / "docs" / "examples"), risk="reference",
        given={"units": "50000", "step": "60"}, config=config,
    )  # fmt: skip
    place = Place(setup, tmp_path / "book.jsonl", wire=wire)
    assert place.live(Fuse(), trade_on(place)) is not None
    assert digest_of(place) == replay(setup, wire=wire).outcome.digest(setup)
    told = place.log.messages
    moved = [each for each in told if isinstance(each, StopTightened)]
    assert all(isinstance(each.ticket, int) for each in moved)
    assert len({each.ticket for each in moved}) > 3
    parts = [each for each in told if isinstance(each, ReductionRequested) and each.ticket]
    assert {each.source for each in parts} >= {"volatility"}


def test_after_the_stop_of_a_funded_account_nothing_is_held_or_opened(
    tmp_path: Path, funded: str
) -> None:
    setup = make_setup(ActsConfig(prop=funded), bars=1_500)
    place = Place(setup, tmp_path / "book.jsonl")
    assert place.live(Fuse(), trade_on(place)) is not None
    told = place.log.messages
    flat = next(
        k for k, each in enumerate(told)
        if isinstance(each, ReductionRequested) and each.source == "prop"
    )  # fmt: skip
    marks = [each for each in told[flat:] if isinstance(each, EquityMarked)]
    filled = [each for each in told[flat:] if isinstance(each, OrderFilled)]
    assert filled[0].position == 0
    assert {each.equity for each in marks[2:]} == {marks[-1].equity}
    later = [each for each in told[flat + 1 :] if isinstance(each, OrderSubmitted)]
    assert len(later) == 1
    assert {each.reason for each in told[flat:] if isinstance(each, OrderDenied)} == {
        "entries_halted"
    }


def test_a_strategy_below_its_band_is_halved_then_flat_until_a_person_acts(tmp_path: Path) -> None:
    setup = make_setup(ActsConfig(weekend="flat"), bars=900)
    assert setup.acts is not None
    # Evidence of a strategy that earned 1 % a day for years: this one is another.
    acts = replace(setup.acts, band=Evidence(1_000, 0.01, 0.002), pauses=None)
    place = Place(replace(setup, acts=acts), tmp_path / "book.jsonl")
    assert place.live(Fuse(), trade_on(place, 600)) is None
    told = place.log.messages
    scaled = [each.held_back for each in told if isinstance(each, SizeScaled)]
    halted = [each for each in told if isinstance(each, EntriesHalted)]
    assert scaled in ([5_000], [])
    assert [each.source for each in halted] == ["band"]
    at = told.index(halted[0])
    assert {each.position for each in told[at:] if isinstance(each, OrderFilled)} <= {0}
    assert any(isinstance(each, OrderDenied) for each in told[at:])

    def release(trader: PaperTrader) -> None:
        trader.release_entries("band", "another evidence is on its way", "rini", actor="operator")
        trade_on(place, trader.next + 60)(trader)

    assert place.live(Fuse(), release) is None
    later = told[next(k for k, each in enumerate(told) if isinstance(each, EntriesReleased)) :]
    assert any(isinstance(each, OrderSubmitted) for each in later)
    assert place.live(Fuse(), trade_on(place)) is not None
    assert [each.source for each in told if isinstance(each, EntriesHalted)] == ["band"] * 2


def test_halts_by_source_outlive_restarts_and_runs(tmp_path: Path, wire: bool) -> None:
    setup = make_setup(ActsConfig())
    place = Place(setup, tmp_path / "book.jsonl", wire=wire)

    def hold(trader: PaperTrader) -> None:
        trader.halt_entries("twin", "0.4 % of costs are unexplained", "the twin")
        given = ControlOrder(HALT_ENTRIES, "a strike", "rini", source="operator", symbol="EURUSD")
        assert carry_out(trader, given).serves
        with pytest.raises(UsageError, match="not traded"):
            trader.halt_entries("operator", "a strike", "rini", "XAUUSD")
        trade_on(place)(trader)

    def go_on(trader: PaperTrader) -> None:
        assert [halt.source for halt in trader.entry_halts] == ["twin", "operator"]
        with pytest.raises(UsageError, match="may not lift"):
            trader.release_entries("twin", "never mind", "rini", actor="prop")
        trader.release_entries("twin", "explained", "the twin")
        given = ControlOrder(
            RELEASE_ENTRIES, "over", "rini", source="operator", symbol="EURUSD", actor="operator"
        )
        assert carry_out(trader, given).text == "entries may be made"
        trade_on(place)(trader)

    assert place.live(Fuse(), hold) is not None
    kinds = {type(each) for each in place.log.messages}
    assert OrderDenied in kinds
    assert OrderSubmitted not in kinds
    place.setup_id = "another"
    assert place.live(Fuse(), trade_on(place, 50)) is None
    assert place.live(Fuse(), go_on) is not None
    assert any(isinstance(each, OrderSubmitted) for each in place.log.messages)
    released = [each for each in place.log.messages if isinstance(each, EntriesReleased)]
    assert [each.source for each in released] == ["twin", "operator"]
    assert sum(isinstance(each, EntriesHalted) for each in place.log.messages) == 4


def test_the_sweep_refuses_what_only_the_message_path_does() -> None:
    setup = make_setup(ActsConfig(weekend="flat"))
    with pytest.raises(UsageError, match="--driver replay"):
        sweep(setup)
    assert replay(setup).bars == 500


def test_a_run_with_acts_is_another_run(funded: str) -> None:
    plain, acting = make_setup(ActsConfig()), make_setup(ActsConfig(prop=funded))
    identify = identifier(Plan(), plain)
    assert identify(plain) != identify(acting)


@pytest.mark.parametrize(
    ("acts", "words"),
    [({"prop": "nowhere.toml"}, "cannot be read"), ({"band": "nowhere"}, "equity"),
     ({"weekend": "flat", "weekend_lead": "soon"}, "weekend_before")],
)  # fmt: skip
def test_settings_that_make_no_sense_are_refused(acts: dict[str, str], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        make_setup(ActsConfig(**acts))  # type: ignore[arg-type]


def test_sizes_follow_the_regimes_that_a_run_is_told(tmp_path: Path) -> None:
    config = Config(
        acts=ActsConfig(regime_sizes={"volatile_crisis": 0, "breakout_up": 50}),
        conditions=ConditionsConfig(regimes=("eurusd",)),
    )
    series = generate_market(("EURUSD",), 500, 3, gapped=True, quoted=True)
    given = {"fast": "5", "slow": "12", "units": "100000"}
    setup = prepare(
        series, load_strategy("sma-cross"), given=given, risk="reference", config=config
    )
    place = Place(setup, tmp_path / "book.jsonl")

    def confirm(regime: str, stop: int) -> Callable[[PaperTrader], None]:
        def act(trader: PaperTrader) -> None:
            ts = int(trader.topology.desk.world.markets["ts"].max())
            trader.record(
                [
                    RegimeChanged(
                        id=0, ts_event=ts, ts_init=ts, symbol="EURUSD", timeframe=60,
                        classifier="c", before="", regime=regime, confidence=7_000,
                    )
                ]
            )  # fmt: skip
            trade_until(trader, stop)

        return act

    def trade_until(trader: PaperTrader, stop: int) -> None:
        for message in feed_messages(setup, setup.events(), trader.next):
            if trader.next >= stop:
                break
            trader.handle(message)
        trader.commit()

    spans = []
    for regime, stop in (("quiet", 150), ("breakout up", 300), ("volatile crisis", 500)):
        before = len(place.log.messages)
        assert place.live(Fuse(), confirm(regime, stop)) is not None
        told = place.log.messages[before:]
        spans.append({abs(each.position) for each in told if isinstance(each, OrderFilled)})
    assert spans[0] <= {0, 100_000}
    assert 100_000 in spans[0]
    # Turns from before the regime was heard may be whole still.
    assert 50_000 in spans[1]
    denied = [each for each in place.log.messages if isinstance(each, OrderDenied)]
    assert {each.reason for each in denied} == {"entries_halted"}
    assert spans[2] <= {0, 50_000}
    halts = [each for each in place.log.messages if isinstance(each, EntriesHalted)]
    assert [(each.source, each.symbol) for each in halts] == [("regime", "EURUSD")]


def test_regimes_that_nobody_tells_are_no_ground_for_sizes() -> None:
    with pytest.raises(UsageError, match="nobody tells"):
        make_setup(ActsConfig(regime_sizes={"quiet": 50}))
    with pytest.raises(UsageError, match="is no regime"):
        ActsConfig(regime_sizes={"loud": 50})

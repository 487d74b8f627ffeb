"""A challenger sees every bar and trades none: nothing of the run changes but that it is heard."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest

from assay.apps.lab.champions.serving import digest_model
from assay.apps.lab.models.forecasting import forecast_events, with_model
from assay.apps.lab.runs.drivers import FEED, PLATFORM, feed_messages
from assay.apps.paper.models.shadow import Shadow
from assay.apps.paper.trader.cursor import Shadowing
from assay.apps.paper.trader.hotpath import PaperTrader
from assay.apps.paper.trader.producers import SHADOW
from assay.apps.topology import build_topology
from assay.kernel.records import FORECAST, FORECAST_STATES
from assay.model.messages import (
    BarClosed,
    ChallengerEntered,
    Message,
    OrderSubmitted,
    Predicted,
    ShadowPredicted,
    encode_message,
)
from assay.runtime.ids import IdSource
from tests.sim.crashing import MOMENTS, CrashError, Fuse
from tests.sim.test_crashes import book_of
from tests.sim.test_promotions import FIRST, Stage, models, open_stage, promote

CHALLENGER = "window"
CRASHES = 4
__all__ = ["models"]


def trade_beside(
    stage: Stage, challenger: str = CHALLENGER, *, end: int | None = None, crash_at: int = 0,
    faults: list[str] | None = None,
) -> Callable[[PaperTrader], None]:  # fmt: skip
    """Return a life that trades to the end of the feed, with pauses for a challenger."""

    def act(trader: PaperTrader) -> None:
        digest = digest_model(stage.models, challenger)
        shadow = Shadow(trader, challenger, digest, (faults if faults is not None else []).append)
        shadow.join()
        for message in feed_messages(stage.setup, stage.setup.events()[:end], trader.next):
            answers = trader.handle(message)
            if trader.waiting >= 40:
                trader.commit()
            shadow.hear(answers)
            if trader.next % 7 == 0 or shadow.is_pressed:
                shadow.catch_up()
            if crash_at and trader.next >= crash_at:
                raise CrashError("between messages")
        shadow.catch_up()
        trader.commit(with_snapshot=True)

    return act


def of_platform(messages: Iterable[Message]) -> list[bytes]:
    return [encode_message(each) for each in messages if each.id >> 48 in (FEED, PLATFORM)]


def shadows_of(stage: Stage) -> list[ShadowPredicted]:
    return [each for each in stage.log.messages if isinstance(each, ShadowPredicted)]


@pytest.fixture(scope="module")
def alone(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Stage:
    stage = open_stage(models, tmp_path_factory.mktemp("alone") / "book.jsonl", wire=False)

    def act(trader: PaperTrader) -> None:
        trader.run(feed_messages(stage.setup, stage.setup.events()), batch=40)

    assert stage.live(Fuse(), act) is not None
    return stage


def assert_forecast_as_alone(stage: Stage, told: list[ShadowPredicted], start: int = 0) -> None:
    """Compare with what the challenger says of the same bars in a run of its own."""
    setup = with_model(replace(stage.setup, forecaster=None), stage.models / CHALLENGER)
    wanted = forecast_events(setup).forecasts
    assert wanted is not None
    bars = [each for each in stage.log.messages if isinstance(each, BarClosed)][start:]
    assert [(each.ts_event, each.cause) for each in told] == [(e.ts_event, e.id) for e in bars]
    for name in FORECAST.names or ():
        values = wanted[name][start:].tolist()
        if name == "state":
            values = [FORECAST_STATES[state] for state in values]
        assert [getattr(each, name) for each in told] == values, name
    assert {each.model for each in told} == {CHALLENGER}
    assert len(np.unique(wanted["p_up"])) > 1


def test_orders_and_all_that_follows_are_the_same_with_a_challenger_and_without(
    alone: Stage, models: Path, tmp_path: Path, wire: bool
) -> None:
    stage = open_stage(models, tmp_path / "book.jsonl", wire=wire)
    assert stage.live(Fuse(), trade_beside(stage)) is not None
    assert of_platform(stage.log.messages) == of_platform(alone.log.messages)
    assert book_of(stage) == book_of(alone)
    assert len(book_of(stage)) > 10
    assert_forecast_as_alone(stage, shadows_of(stage))
    (entered,) = (each for each in stage.log.messages if isinstance(each, ChallengerEntered))
    assert (entered.model, entered.digest) == (CHALLENGER, digest_model(models, CHALLENGER))


def test_nothing_in_the_platform_takes_what_a_challenger_says(alone: Stage) -> None:
    topology = build_topology(alone.setup, IdSource(2).next)
    runner = topology.runner()
    before = topology.snapshot()
    told = next(each for each in alone.log.messages if isinstance(each, Predicted))
    fields = {name: getattr(told, name) for name in ShadowPredicted.__struct_fields__}
    assert runner.push(ShadowPredicted(**fields)) == [ShadowPredicted(**fields)]
    assert topology.snapshot() == before


def test_an_order_is_out_before_the_challenger_says_anything_of_its_bar(
    models: Path, tmp_path: Path, wire: bool
) -> None:
    stage = open_stage(models, tmp_path / "book.jsonl", wire=wire)
    assert stage.live(Fuse(), trade_beside(stage)) is not None
    places = {each.cause: k for k, each in enumerate(stage.log.messages)
              if isinstance(each, ShadowPredicted)}  # fmt: skip
    bar = 0
    for k, each in enumerate(stage.log.messages):
        bar = each.id if isinstance(each, BarClosed) else bar
        if isinstance(each, OrderSubmitted):
            assert k < places[bar]


@pytest.mark.parametrize("seed", [5])
def test_crashes_cost_no_forecast_and_make_none_twice(
    seed: int, alone: Stage, models: Path, tmp_path: Path, wire: bool
) -> None:
    stage, rng = open_stage(models, tmp_path / "book.jsonl", wire=wire), random.Random(seed)
    where = []
    for _ in range(CRASHES):
        fuse = Fuse(rng.randint(2, 5), rng.choice(MOMENTS), rng.choice(("commit", "send")))
        done = stage.log.inbox["paper"][0] if stage.log.inbox else 0
        if stage.live(fuse, trade_beside(stage, crash_at=done + 30)) is None:
            where.append(fuse.burnt or "between messages")
    assert len(where) == CRASHES, where
    assert stage.live(Fuse(), trade_beside(stage)) is not None
    assert of_platform(stage.log.messages) == of_platform(alone.log.messages), where
    told = sorted(shadows_of(stage), key=lambda each: each.id)
    assert_forecast_as_alone(stage, told)
    assert sum(isinstance(each, ChallengerEntered) for each in stage.log.messages) == 1


def test_one_that_was_off_begins_anew(models: Path, tmp_path: Path, wire: bool) -> None:
    stage = open_stage(models, tmp_path / "book.jsonl", wire=wire)
    assert stage.live(Fuse(), trade_beside(stage, end=60)) is not None

    def without(trader: PaperTrader) -> None:
        assert trader.shadowing.model == CHALLENGER
        trader.shadowing = Shadowing()
        trader.run(feed_messages(stage.setup, stage.setup.events()[:100], trader.next))

    assert stage.live(Fuse(), without) is not None
    assert stage.live(Fuse(), trade_beside(stage)) is not None
    told = shadows_of(stage)
    assert [each.id & 0xFFFF for each in told] == [*range(1, 61), *range(101, 261)]
    assert_forecast_as_alone(stage, told[60:], 100)
    assert sum(isinstance(each, ChallengerEntered) for each in stage.log.messages) == 2


@pytest.mark.parametrize("unfit", ["other", "torn"])
def test_a_challenger_that_is_unfit_stops_nobody(
    unfit: str, alone: Stage, models: Path, tmp_path: Path, wire: bool
) -> None:
    stage, faults = open_stage(models, tmp_path / "book.jsonl", wire=wire), list[str]()
    assert stage.live(Fuse(), trade_beside(stage, unfit, faults=faults)) is not None
    assert len(faults) == 1
    assert unfit in faults[0]
    assert of_platform(stage.log.messages) == of_platform(alone.log.messages)
    assert shadows_of(stage) == []


def test_a_challenger_that_becomes_champion_is_none_any_more(
    models: Path, tmp_path: Path, wire: bool
) -> None:
    stage, faults = open_stage(models, tmp_path / "book.jsonl", wire=wire), list[str]()
    assert stage.live(Fuse(), trade_beside(stage, end=60)) is not None

    def act(trader: PaperTrader) -> None:
        promote(trader, models, CHALLENGER)
        trade_beside(stage, faults=faults)(trader)

    assert stage.live(Fuse(), act) is not None
    assert len(shadows_of(stage)) == 60
    assert faults == ["it serves by now"]
    told = [each.model for each in stage.log.messages if isinstance(each, Predicted)]
    assert told == [FIRST] * 60 + [CHALLENGER] * 200


def test_an_old_cursor_knows_of_no_challenger() -> None:
    from assay.apps.paper.trader.cursor import Cursor

    told = b'{"run":1,"setup":"s","next":3,"fed":0,"ids":9}'
    assert msgspec.json.decode(told, type=Cursor).shadowing == Shadowing()
    assert SHADOW not in (FEED, PLATFORM)

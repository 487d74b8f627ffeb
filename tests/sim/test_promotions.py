"""A model takes over in the middle of a run: no bar is missed, and none is forecast twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import numpy as np
import pytest

from assay.apps.lab.champions.serving import digest_model
from assay.apps.lab.models.forecasting import forecast_events, with_model
from assay.apps.lab.runs.drivers import feed_messages, sweep
from assay.apps.lab.runs.outcome import OutcomeCollector
from assay.apps.lab.runs.setup import Setup
from assay.apps.paper.models.candidates import Candidate, Candidates
from assay.apps.paper.trader.cursor import Cursor
from assay.apps.paper.trader.hotpath import PaperTrader
from assay.kernel.records import FORECAST, FORECAST_STATES
from assay.model.errors import DataError, InvariantError
from assay.model.messages import BarClosed, ModelPromoted, Predicted
from assay.signals.features import Lead
from assay.signals.prediction import read_artifact, write_artifact
from tests.replay.taught import make_ensemble, make_model
from tests.sim.crashing import Fuse, Place
from tests.sim.test_crashes import book_of, make_model_setup

FIRST = "lightgbm-byhand"
TURNS = ((120, "window"), (190, "ensemble-byhand"))
"""After how many events of 260 which model takes over."""
WINDOW = 5


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return models that may take over from the first, and one that sees other features."""
    folder = tmp_path_factory.mktemp("promoted")
    make_ensemble(folder)
    artifact, graphs = read_artifact(make_model(folder / "drawn", window=WINDOW))
    led, _ = read_artifact(make_model(folder / "led", leaders=(Lead("XAUUSD", "EURUSD", 1),)))
    for name, taught in (("window", artifact.taught), ("other", led.taught), ("torn", led.taught)):
        made = msgspec.structs.replace(artifact, id=name, taught=taught)
        write_artifact(folder / name, made, graphs)
    (folder / "torn" / "model.onnx").write_bytes(b"not what was trained")
    return folder


def known_by(setup: Setup) -> str:
    assert setup.forecaster is not None
    return setup.forecaster.artifact.id


@dataclass
class Stage(Place):
    """A place whose trader starts with the model that was promoted last."""

    models: Path = Path()

    def equip(self, trader: PaperTrader) -> None:
        trader.candidates = Candidates(self.models, trader.setup, self.setup.events(), known_by)

    def live(self, fuse: Fuse, act: Callable[[PaperTrader], None]) -> PaperTrader | None:
        told = self.log.inbox.get("paper")
        model = msgspec.json.decode(told[1], type=Cursor).model if told else ""
        self.setup_id = model or FIRST
        self.setup = with_model(replace(self.setup, forecaster=None), self.models / self.setup_id)
        return super().live(fuse, act)


def open_stage(models: Path, book: Path, *, wire: bool) -> Stage:
    setup = make_model_setup(models / FIRST, 3)
    return Stage(setup, book, wire=wire, setup_id=FIRST, models=models)


def promote(trader: PaperTrader, models: Path, model: str) -> None:
    assert trader.candidates is not None
    digest = digest_model(models, model)
    trader.promote(trader.candidates.prepare(model, digest, trader.next), line=7, by="rini")


def trade_with_turns(stage: Stage) -> Callable[[PaperTrader], None]:
    """Return a life that trades to the end of the feed and promotes where it is time to."""
    events, turns = stage.setup.events(), dict(TURNS)

    def act(trader: PaperTrader) -> None:
        def turn() -> None:
            model = turns.get(trader.next)
            if model is not None and known_by(trader.setup) != model:
                promote(trader, stage.models, model)

        turn()
        for message in feed_messages(stage.setup, events, trader.next):
            trader.handle(message)
            if trader.waiting >= 40:
                trader.commit()
            turn()
        trader.commit(with_snapshot=True)

    return act


def forecasts_with_turns(stage: Stage) -> Setup:
    """Return the setup with the forecasts of each model from its turn on, as it alone has them."""
    setup, joined = replace(stage.setup, forecaster=None), None
    for at, model in ((0, FIRST), *TURNS):
        found = forecast_events(with_model(setup, stage.models / model)).forecasts
        assert found is not None
        joined = found if joined is None else np.concatenate((joined[:at], found[at:]))
    return replace(stage.setup, forecasts=joined)


def digest_of(stage: Stage) -> str:
    collector = OutcomeCollector(stage.setup)
    for message in stage.log.messages:
        collector.take(message)
    return collector.outcome().digest(stage.setup)


def assert_every_bar_has_its_forecast(stage: Stage) -> None:
    wanted = forecasts_with_turns(stage)
    bars = [each for each in stage.log.messages if isinstance(each, BarClosed)]
    told = [each for each in stage.log.messages if isinstance(each, Predicted)]
    assert [each.ts_event for each in told] == [each.ts_event for each in bars]
    turns = np.searchsorted([at for at, _ in TURNS], np.arange(len(bars)), side="right")
    assert [each.model for each in told] == [(FIRST, *dict(TURNS).values())[k] for k in turns]
    assert wanted.forecasts is not None
    for name in FORECAST.names or ():
        values = wanted.forecasts[name].tolist()
        if name == "state":
            values = [FORECAST_STATES[state] for state in values]
        assert [getattr(each, name) for each in told] == values, name
    assert digest_of(stage) == sweep(wanted).outcome.digest(stage.setup)


@pytest.fixture(scope="module")
def whole(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Stage:
    stage = open_stage(models, tmp_path_factory.mktemp("whole") / "book.jsonl", wire=False)
    assert stage.live(Fuse(), trade_with_turns(stage)) is not None
    return stage


def test_each_model_forecasts_as_if_it_had_from_the_first_bar(
    models: Path, tmp_path: Path, wire: bool
) -> None:
    stage = open_stage(models, tmp_path / "book.jsonl", wire=wire)
    assert stage.live(Fuse(), trade_with_turns(stage)) is not None
    promoted = [each for each in stage.log.messages if isinstance(each, ModelPromoted)]
    assert [(each.before, each.model, each.by) for each in promoted] == [
        (FIRST, "window", "rini"), ("window", "ensemble-byhand", "rini")
    ]  # fmt: skip
    assert promoted[0].digest == digest_model(models, "window")
    assert_every_bar_has_its_forecast(stage)
    models_of_orders = {each.model for each in stage.log.messages if isinstance(each, Predicted)}
    assert len(models_of_orders) == 3
    assert len(book_of(stage)) > 10


def writes_of_promotions(stage: Stage) -> list[int]:
    """Trade to the end; return the numbers of the writes that promote."""
    counting, seen = Fuse(name="commit"), []

    def act(trader: PaperTrader) -> None:
        ask = trader.promote

        def note(candidate: Candidate, *, line: int, by: str) -> None:
            seen.append(counting.done + 1)
            ask(candidate, line=line, by=by)

        trader.promote = note  # type: ignore[method-assign]
        trade_with_turns(stage)(trader)

    assert stage.live(counting, act) is not None
    return seen


def test_a_crash_at_any_write_around_a_promotion_changes_nothing(
    whole: Stage, models: Path, tmp_path: Path, wire: bool
) -> None:
    counted = open_stage(models, tmp_path / "counted.jsonl", wire=wire)
    for at in writes_of_promotions(counted):
        for by, moment in ((0, "before"), (0, "after")):
            stage = open_stage(models, tmp_path / f"{at} {by} {moment}.jsonl", wire=wire)
            fuse = Fuse(at + by, moment, "commit")
            assert stage.live(fuse, trade_with_turns(stage)) is None
            assert stage.live(Fuse(), trade_with_turns(stage)) is not None
            assert without_places(stage) == without_places(whole), fuse
            assert book_of(stage) == book_of(whole), fuse


def without_places(stage: Stage) -> list[bytes]:
    """Return the messages; what operators did has an id of its place, which starts shift."""
    told = [
        msgspec.structs.replace(each, id=0) if isinstance(each, ModelPromoted) else each
        for each in stage.log.messages
    ]
    return replace(stage, log=replace(stage.log, messages=told)).messages()


def test_without_snapshots_the_journal_tells_who_served_when(
    whole: Stage, models: Path, tmp_path: Path, wire: bool
) -> None:
    stage = open_stage(models, tmp_path / "book.jsonl", wire=wire)
    last = stage.live(Fuse(), trade_with_turns(stage))
    assert last is not None
    stage.log.snapshots.clear()
    stage.log.inbox["paper"] = whole.log.inbox["paper"]

    def check(trader: PaperTrader) -> None:
        assert known_by(trader.setup) == "ensemble-byhand"
        assert trader.topology.snapshot() == last.topology.snapshot()

    assert stage.live(Fuse(), check) is not None


def test_a_start_after_a_promotion_needs_the_model_before_no_more(
    models: Path, tmp_path: Path, wire: bool
) -> None:
    stage = open_stage(models, tmp_path / "book.jsonl", wire=wire)

    def begin(trader: PaperTrader) -> None:
        trader.run(feed_messages(stage.setup, stage.setup.events()[:50]))
        promote(trader, models, "window")

    assert stage.live(Fuse(), begin) is not None
    stage.models = tmp_path / "moved"
    stage.models.mkdir()
    (stage.models / "window").symlink_to(models / "window")

    def check(trader: PaperTrader) -> None:
        assert (known_by(trader.setup), trader.next) == ("window", 50)

    assert stage.live(Fuse(), check) is not None


@pytest.mark.parametrize(
    ("model", "why"), [("other", "taught by other features than lightgbm-byhand"),
                       ("torn", "torn cannot be loaded: model.onnx is not the graph")]
)  # fmt: skip
def test_a_model_that_is_unfit_is_refused_and_the_old_one_trades_on(
    model: str, why: str, whole: Stage, models: Path, tmp_path: Path, wire: bool
) -> None:
    stage = open_stage(models, tmp_path / "book.jsonl", wire=wire)

    def act(trader: PaperTrader) -> None:
        trader.run(feed_messages(stage.setup, stage.setup.events()[:50]))
        with pytest.raises(DataError, match=why):
            promote(trader, models, model)
        trader.run(feed_messages(stage.setup, stage.setup.events()[:120], 50))

    assert stage.live(Fuse(), act) is not None
    mine, theirs = ([e for e in s.log.messages if isinstance(e, Predicted)] for s in (stage, whole))
    assert mine == theirs[:120]


def test_a_promotion_that_nobody_prepared_is_a_broken_invariant(
    models: Path, tmp_path: Path, wire: bool
) -> None:
    stage = open_stage(models, tmp_path / "book.jsonl", wire=wire)

    def act(trader: PaperTrader) -> None:
        told = ModelPromoted(
            id=1, ts_event=1, ts_init=1, model="window", digest="", before=FIRST, line=1, by="r"
        )
        assert trader.topology.predictor is not None
        with pytest.raises(InvariantError, match="window was promoted and did not follow"):
            trader.topology.predictor.handle(told)

    assert stage.live(Fuse(), act) is not None

"""An ensemble forecasts alike in every driver; who was late then is late when a run recovers."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from assay.apps.config import Config
from assay.apps.lab.models.forecasting import forecast_events
from assay.apps.lab.models.labelling import priced_columns
from assay.apps.lab.runs.drivers import feed_messages
from assay.apps.lab.runs.setup import Setup
from assay.apps.paper.trader.hotpath import PaperTrader
from assay.kernel.records import FORECAST, FORECAST_STATES
from assay.market.series import BarSeries
from assay.model.messages import DecisionMade, Predicted
from assay.runtime.clock import SimClock
from assay.runtime.journal import MemoryJournal, MemoryLog
from assay.signals.models.ports import Features
from assay.signals.prediction import Forecaster, Members, Poll, read_artifact
from assay.trading.brokers.paper import PaperBroker
from tests.replay.taught import make_ensemble
from tests.replay.test_model_parity import messages_of, setup_of

FED = 220
LAYERS = ["technical", "ensemble", "regime", "calibration"]


@pytest.fixture(scope="module")
def ensemble(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_ensemble(tmp_path_factory.mktemp("ensembles"))


@pytest.fixture(scope="module")
def setup(ensemble: Path) -> Setup:
    """Return the last bars of a market, with those before them for features to settle on."""
    whole = setup_of(ensemble, ("EURUSD",), 1, risk="reference")
    (series,) = whole.series
    assert isinstance(series, BarSeries)
    past = {"EURUSD": priced_columns(series.select(slice(None, -FED)), Config())}
    return replace(whole, series=[series.select(slice(-FED, None))], history=past)


@pytest.fixture(scope="module")
def tardy(setup: Setup, ensemble: Path) -> Setup:
    artifact, graphs = read_artifact(ensemble)
    forecaster = Forecaster(artifact, graphs)
    forecaster.members = Tardy(graphs)
    return replace(setup, forecaster=forecaster)


class Tardy(Members):
    """Members of which nobody, then one, then two are late."""

    asked = 0

    def ask(self, features: Features, *, live: bool = False) -> Poll:
        poll = super().ask(features, live=live)
        self.asked += live
        if not live:
            return poll
        missing = self.asked % 3
        late = dict.fromkeys(poll.voters[:missing], "late")
        return Poll(poll.scores[:, missing:], poll.voters[missing:], late)


@pytest.mark.parametrize("window", [1, 3])
def test_a_bar_gives_the_bits_of_the_batch_and_says_who_voted(
    setup: Setup, window: int, tmp_path: Path
) -> None:
    if window > 1:
        wide = Forecaster(*read_artifact(make_ensemble(tmp_path, window=window)))
        assert wide.window == window
        setup = replace(setup, forecaster=wide)
    assert setup.forecaster is not None
    told = {each.ts_event: each for each in messages_of(setup) if isinstance(each, Predicted)}
    batch = forecast_events(setup).forecasts
    assert batch is not None
    states = Counter(each.state for each in told.values())
    assert states["ready"] > FED // 2
    assert states["ready"] + states["silenced"] > FED - 10
    for event, record in zip(setup.events(), batch, strict=True):
        each = told[int(event["ts"])]
        found = {name: getattr(each, name) for name in FORECAST.names or () if name != "state"}
        assert found == {name: int(record[name]) for name in found}
        assert each.state == FORECAST_STATES[record["state"]]
        assert tuple(vote.member for vote in each.votes) == setup.forecaster.artifact.families
        assert [layer.name for layer in each.layers] == LAYERS


def test_a_decision_tells_each_layer_and_a_lack_of_quorum(tardy: Setup) -> None:
    found = messages_of(tardy)
    told = {each.id: each for each in found if isinstance(each, Predicted)}
    decisions = [each for each in found if isinstance(each, DecisionMade)]
    without = [each for each in decisions if told[each.cause].state == "inquorate"]
    chain = next(each.reasons for each in without if each.outcome == "abstain")
    assert chain[0] == "no_quorum: too few members of the ensemble answered"
    assert [link.partition(":")[0] for link in chain[1:]] == LAYERS
    assert chain[2] == (
        "ensemble: no quorum, xgboost voted, absent lightgbm (late), random_forest (late); "
        "2 are needed"
    )
    entered = [each for each in decisions if each.outcome == "enter"]
    assert all(told[each.cause].state == "ready" for each in entered)
    assert any("absent lightgbm (late)" in each.reasons[2] for each in entered)


def test_who_was_late_is_late_again_when_a_run_is_recovered(
    setup: Setup, tardy: Setup, tmp_path: Path
) -> None:
    log, broker = MemoryLog(), PaperBroker(tmp_path / "book")

    def start(members: Setup) -> PaperTrader:
        return PaperTrader(members, "setup", MemoryJournal(log), broker, SimClock(1))

    killed = start(tardy)
    killed.recover()
    for message in feed_messages(setup, setup.events()):
        killed.handle(message)
    killed.commit()
    recorded = [each for each in log.messages if isinstance(each, Predicted)]
    log.is_written = False
    recovered = start(setup)
    assert recovered.recover().replayed == FED
    assert recovered.topology.snapshot() == killed.topology.snapshot()
    usual = {each.ts_event: each for each in messages_of(setup) if isinstance(each, Predicted)}
    others = [each for each in recorded if each.votes != usual[each.ts_event].votes]
    assert len(others) == 2 * FED // 3 + 1
    broker.close()

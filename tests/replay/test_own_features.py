"""A model of one's own features, indicators and longer bars: alike in every driver, and carried."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay.apps.lab.models.forecasting import check_features, forecast_events
from assay.apps.lab.runs.drivers import feed_messages, start_message
from assay.apps.topology import build_topology
from assay.model.errors import DataError
from assay.model.messages import Predicted
from assay.runtime.ids import IdSource
from assay.signals.features import WrittenSet
from assay.signals.plugins import digest_source, load_own
from assay.signals.prediction import read_artifact
from assay.signals.streams.plan import Use, use, use_own
from tests.replay.taught import make_model
from tests.replay.test_model_parity import assert_told_as_in_the_batch, setup_of, with_past
from tests.replay.test_parity import assert_parity

SWING = (Path(__file__).parents[1] / "contract/own/swing.py").read_text(encoding="utf-8")
SET = """
extends = "standard"
drop = ["weekday", "week_hours"]

[[group]]
indicators = [{ use = "swing", period = 30 }]
features = [
  { name = "swing_30", quotient = "swing_30.place" },
  { name = "above_day", quotient = "bar.close - D1.sma_5.sma", by = "atr_14.atr" },
]

[[group]]
timeframe = "H4"
indicators = ["swing", { use = "rsi", period = 3 }]
features = [
  { name = "swing", ewma = "swing_20.place", half_life = 2 },
  { name = "rsi", quotient = "rsi_3.rsi", factor = 0.01 },
]

[[group]]
timeframe = "D1"
indicators = [{ use = "sma", period = 5 }]
features = [{ name = "turn", change = "sma_5.sma", by = "bar.close" }]
"""  # fmt: skip


def find_use(name: str, **given: float) -> Use:
    return use_own(load_own(name, SWING), **given) if name == "swing" else use(name, **given)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    recipe = WrittenSet("clocks", Path("clocks.toml"), SET, find_use).at
    return make_model(tmp_path_factory.mktemp("models"), recipe=recipe)


def test_every_driver_trades_it_alike(model: Path) -> None:
    setup = forecast_events(setup_of(model, ("EURUSD",), 1, risk="reference"))
    assert setup.forecaster is not None
    names = setup.forecaster.artifact.taught.features
    assert names[-5:] == ("swing_30", "above_day", "H4.swing", "H4.rsi", "D1.turn")
    assert len(assert_parity(setup).outcome.fills) > 20


def test_bar_by_bar_and_over_a_history_it_says_the_same(model: Path) -> None:
    whole = setup_of(model, ("EURUSD",), 3)
    later = with_past(whole, len(whole.series[0]) - 300)
    states = assert_told_as_in_the_batch(later)
    assert states <= {"ready", "silenced"}


def test_a_restart_in_the_middle_of_a_longer_bar_changes_nothing(model: Path) -> None:
    whole = setup_of(model, ("EURUSD",), 3)
    setup = with_past(whole, len(whole.series[0]) - 60)
    feed = list(feed_messages(setup, setup.events()))
    first, second = (build_topology(setup, IdSource(2).next) for _ in range(2))
    runner, told = first.runner(), []
    for message in [start_message(feed[0].ts_event), *feed[:22]]:
        runner.push(message)
    second.restore(first.snapshot())
    for each in (runner, second.runner()):
        found = [one for message in feed[22:] for one in each.push(message)]
        told.append([one.p_up for one in found if isinstance(one, Predicted)])
    assert told[0] == told[1]
    assert len(set(told[0])) > 1


def test_it_is_served_by_what_it_was_taught_with_whatever_became_of_the_files(model: Path) -> None:
    artifact, _ = read_artifact(model)
    check_features(artifact, ["EURUSD"])
    (source,) = artifact.taught.made_of.sources  # type: ignore[union-attr]
    assert (source.name, source.sha256) == ("swing", digest_source(SWING))
    assert artifact.taught.feature_set.digest == artifact.taught.features_digest


def test_an_indicator_that_is_missing_or_changed_is_refused_by_name(model: Path) -> None:
    beside = model / "indicators" / "swing.py"
    kept = beside.read_text(encoding="utf-8")
    assert kept == SWING
    beside.write_text(kept.replace("np.tanh", "np.sin"), encoding="utf-8")
    with pytest.raises(DataError, match=r"swing\.py is not the indicator that the model was"):
        read_artifact(model)
    beside.unlink()
    with pytest.raises(DataError, match=r"swing\.py cannot be read .* or train the model again"):
        read_artifact(model)
    beside.write_text(kept, encoding="utf-8")
    described = model / "model.json"
    told = described.read_text(encoding="utf-8")
    described.write_text(told.replace("np.tanh", "np.sin"), encoding="utf-8")
    with pytest.raises(DataError, match="indicator swing is not the one of its SHA-256"):
        read_artifact(model)
    described.write_text(told, encoding="utf-8")
    read_artifact(model)

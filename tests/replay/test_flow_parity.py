"""A model of flow trades alike in every driver, and is refused where the feed lacks its inputs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from assay.apps.config import Config
from assay.apps.lab.evaluation.judging import EvaluationRequest, evaluate_model
from assay.apps.lab.models.forecasting import forecast_events, with_model
from assay.apps.lab.models.labelling import priced_columns
from assay.apps.lab.models.training import TrainingRequest, digest_training, train_model
from assay.apps.lab.runs.drivers import feed_messages, start_message
from assay.apps.lab.runs.setup import Setup, prepare
from assay.apps.paper.plan import Plan
from assay.apps.paper.preparing import prepare_plan
from assay.apps.topology import build_topology
from assay.books.trials import TrialLedger
from assay.kernel.flow import ABSENT, FLOW_COLUMNS
from assay.kernel.records import FORECAST_STATES, WARMING
from assay.market.bars import ticks_to_bars
from assay.market.bars.flow import of_message
from assay.market.series import BarSeries
from assay.market.sources.parquet import write_parquet
from assay.model.errors import UsageError
from assay.model.messages import BarClosed, Predicted, QuoteFlow
from assay.model.time import Timeframe
from assay.runtime.home import open_home
from assay.runtime.ids import IdSource
from assay.signals.features import SETS
from assay.trading.engine.loading import load_strategy
from tests.replay.markets import START, generate_bars, with_flow
from tests.replay.taught import make_model
from tests.replay.test_parity import assert_parity
from tests.unit.market.test_flow import drawn_ticks, flow_of

FLOW = SETS["flow"](Timeframe.H1)
BARS = 400


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_model(tmp_path_factory.mktemp("flow"), recipe=SETS["flow"])


def bars_of(seed: int = 1) -> BarSeries:
    return generate_bars("EURUSD", FLOW.settling + BARS, seed, gapped=False, quoted=True)


def setup_of(model: Path, series: BarSeries) -> Setup:
    """Return a setup that trades the last bars, and has settled on those before."""
    fed = series.select(slice(-BARS, None))
    setup = prepare([fed], load_strategy("ai"), given={}, risk="reference", config=Config())
    past = {"EURUSD": priced_columns(series.select(slice(None, -BARS)), Config())}
    return replace(with_model(setup, model), history=past)


def forecasts_live(setup: Setup, *, wire: bool = False) -> list[Predicted]:
    runner = build_topology(setup, IdSource(2).next).runner(wire=wire)
    events = setup.events()
    runner.push(start_message(int(events["ts"][0])))
    found = [each for message in feed_messages(setup, events) for each in runner.push(message)]
    return [each for each in found if isinstance(each, Predicted)]


def test_every_driver_trades_a_model_of_flow_alike(model: Path) -> None:
    run = assert_parity(forecast_events(setup_of(model, with_flow(bars_of()))))
    assert len(run.outcome.fills) > 10


def test_a_bar_without_sizes_has_no_forecast_live_nor_at_once(model: Path, wire: bool) -> None:
    series = with_flow(bars_of())
    assert series.flow is not None
    holed = series.flow.copy()
    holed[-200, FLOW_COLUMNS.index("order_flow")] = ABSENT
    setup = setup_of(model, replace(series, flow=holed))
    batch = forecast_events(setup).forecasts
    assert batch is not None
    live = forecasts_live(setup, wire=wire)
    assert [FORECAST_STATES.index(each.state) for each in live] == batch["state"].tolist()
    assert [each.p_up for each in live] == batch["p_up"].tolist()
    # The longest span of flow is 20 bars, the hole's among them; every 60 quotes are counted on.
    silent = np.flatnonzero(batch["state"] == WARMING)
    assert silent.tolist() == [*range(BARS - 200, BARS - 180)]


def test_bars_carry_flow_only_where_a_model_reads_it(model: Path, tmp_path: Path) -> None:
    series = with_flow(bars_of())
    standard = setup_of(make_model(tmp_path), series)
    told = [
        [
            bar.flow
            for bar in feed_messages(setup, setup.events()[:50])
            if isinstance(bar, BarClosed)
        ]
        for setup in (setup_of(model, series), standard)
    ]
    assert all(isinstance(flow, QuoteFlow) for flow in told[0])
    assert not any(isinstance(flow, QuoteFlow) for flow in told[1])


def test_bars_of_ticks_carry_what_their_ticks_did(model: Path) -> None:
    ticks = drawn_ticks(1)
    setup = prepare([ticks], load_strategy("ai"), given={}, risk="reference", config=Config())
    setup = replace(setup, forecaster=setup_of(model, with_flow(bars_of())).forecaster)
    messages = list(feed_messages(setup, setup.events()))
    told = [
        of_message(each.flow).tolist()
        for each in messages
        if isinstance(each, BarClosed) and isinstance(each.flow, QuoteFlow)
    ]
    assert told == flow_of(ticks_to_bars(ticks, Timeframe.M1)).tolist()
    # Begun again in the middle, each bar carries what it did at first.
    middle = len(messages) // 2
    assert list(feed_messages(setup, setup.events(), middle)) == messages[middle:]


@pytest.mark.parametrize(
    ("series", "absent"),
    [
        (bars_of(), ", ".join(FLOW_COLUMNS)),
        (
            with_flow(bars_of(), sized=False),
            "order_flow, bid_depth, ask_depth, bid_depths, ask_depths",
        ),
    ],
    ids=["bars", "quotes-without-sizes"],
)
def test_a_feed_that_lacks_its_inputs_is_refused(
    model: Path, series: BarSeries, absent: str
) -> None:
    with pytest.raises(
        UsageError, match=f"flow.1 reads inputs the feed lacks: EURUSD has no {absent}; give bars"
    ):
        setup_of(model, series)


def test_to_train_judge_and_go_live_without_them_is_refused_before_anything_counts(
    model: Path, tmp_path: Path
) -> None:
    home = open_home(tmp_path / "home")
    ledger, bars = TrialLedger(home), bars_of()
    path = tmp_path / "eurusd_h1_bare.parquet"
    write_parquet(bars, path)
    kept = home.folder("models") / model.name
    kept.symlink_to(model)
    asks = (
        lambda: train_model(
            TrainingRequest(
                series=[bars], until=int(bars.ts_open[-1]), models=home.folder("models"),
                recipe=SETS["flow"], ledger=ledger,
            )
        ),
        lambda: evaluate_model(
            EvaluationRequest(model=kept, data=[path], start=START, ledger=ledger)
        ),
        lambda: prepare_plan(
            Plan(source="replay", data=(str(path),), strategy="ai", model=model.name), Config(),
            home.path,
        ),
    )  # fmt: skip
    for ask in asks:
        with pytest.raises(UsageError, match=r"flow\.1 reads inputs the feed lacks"):
            ask()
    assert ledger.read().report.trials == 0


def test_a_training_is_another_by_its_set_and_by_what_quotes_did(tmp_path: Path) -> None:
    bars = bars_of().select(slice(0, 50))
    asked = [
        TrainingRequest(series=[one], until=0, models=tmp_path, recipe=SETS[name])
        for one in (bars, with_flow(bars, 1), with_flow(bars, 2))
        for name in ("standard", "flow")
    ]
    assert len({digest_training(each, each.features) for each in asked}) == len(asked)

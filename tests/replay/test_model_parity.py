"""Strategy `ai` trades alike in every driver, and forecasts are the same one by one and at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import msgspec
import numpy as np
import pytest

from assay.apps.config import Config
from assay.apps.lab.models.forecasting import forecast_events, with_model
from assay.apps.lab.models.labelling import priced_columns
from assay.apps.lab.runs.drivers import feed_messages, start_message
from assay.apps.lab.runs.setup import Costs, Setup, prepare
from assay.apps.topology import build_topology
from assay.kernel.records import (
    FORECAST,
    FORECAST_STATES,
    LIMIT,
    MARKET,
    STOP_LOSS,
    TAKE_PROFIT,
    WARMING,
)
from assay.model.errors import UsageError
from assay.model.messages import DecisionMade, Message, Predicted
from assay.model.time import Timeframe
from assay.runtime.ids import IdSource
from assay.signals.features import Lead, standard_set
from assay.trading.engine.loading import load_strategy
from tests.replay.markets import START, generate_bars
from tests.replay.taught import BARS, make_model
from tests.replay.test_parity import assert_parity

LEADS = (Lead("XAUUSD", "EURUSD", 1), Lead("USDJPY", "XAUUSD", -1))
WINDOW = 5
NIGHTS = {"swap_long": "-7.3", "swap_short": "2.1"}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_model(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def led_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_model(tmp_path_factory.mktemp("led"), leaders=LEADS)


@pytest.fixture(scope="module")
def window_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_model(tmp_path_factory.mktemp("window"), leaders=LEADS, window=WINDOW)


def setup_of(
    model: Path, symbols: tuple[str, ...], seed: int, *, gapped: bool = True, risk: str = "default",
    given: Mapping[str, str] | None = None,
) -> Setup:  # fmt: skip
    count = standard_set(Timeframe.H1).settling + BARS
    series = [
        generate_bars(one, count, seed, gapped=gapped, quoted=True, timeframe=Timeframe.H1)
        for one in symbols
    ]
    config = Config(instruments=dict.fromkeys(symbols, NIGHTS))
    costs = Costs(slippage_points=1, commission_bp=Decimal("0.1"))
    setup = prepare(
        series, load_strategy("ai"), given=dict(given or {}), costs=costs, risk=risk, config=config
    )  # fmt: skip
    return with_model(setup, model)


@pytest.mark.parametrize(
    ("symbols", "gapped", "risk"),
    [
        (("EURUSD",), False, "reference"),
        (("USDJPY",), True, "default"),
        (("EURUSD", "USDJPY", "XAUUSD"), True, "reference"),
    ],
    ids=["one", "yen", "three"],
)
def test_every_driver_trades_a_model_alike(
    model: Path, symbols: tuple[str, ...], gapped: bool, risk: str
) -> None:
    setup = forecast_events(setup_of(model, symbols, 1, gapped=gapped, risk=risk))
    run = assert_parity(setup)
    reasons = Counter(run.outcome.fills["reason"].tolist())
    assert reasons[MARKET] > 20
    assert reasons[STOP_LOSS] > 0
    assert reasons[TAKE_PROFIT] > 0


def test_every_driver_waits_alike_for_prices_and_spreads(model: Path) -> None:
    given = {"limit_width_bp": "1", "exit_spread_percent": "90", "exit_wait_bars": "3"}
    setup = forecast_events(setup_of(model, ("EURUSD",), 1, risk="reference", given=given))
    run = assert_parity(setup)
    reasons = Counter(run.outcome.fills["reason"].tolist())
    assert reasons[LIMIT] > 20
    assert reasons[MARKET] > 5  # exits, none of which rests
    asked = Counter(run.outcome.orders["type"].tolist())
    assert asked[LIMIT] > reasons[LIMIT]  # some never saw their price


def test_every_driver_trades_alike_what_leaders_tell(model: Path, led_model: Path) -> None:
    three = ("EURUSD", "USDJPY", "XAUUSD")
    setup = forecast_events(setup_of(led_model, three, 1, risk="reference"))
    run = assert_parity(setup)
    assert len(run.outcome.fills) > 20
    alone = forecast_events(setup_of(model, three, 1, risk="reference"))
    assert alone.forecasts is not None
    assert setup.forecasts is not None
    assert (alone.forecasts["state"] != setup.forecasts["state"]).any()


def test_a_window_is_whole_only_after_so_many_settled_bars(model: Path, window_model: Path) -> None:
    first = []
    for one in (model, window_model):
        found = forecast_events(setup_of(one, ("EURUSD",), 1)).forecasts
        assert found is not None
        first.append(int(np.flatnonzero(found["state"] != WARMING)[0]))
    assert first[1] - first[0] == WINDOW - 1


def with_past(setup: Setup, begin: int) -> Setup:
    """Return a setup whose bars before `begin` are history that it does not trade on."""
    series = [one.select(slice(begin, None)) for one in setup.series]
    past = {
        one.symbol: priced_columns(one.select(slice(None, begin)), Config()) for one in setup.series
    }
    fresh = prepare(series, load_strategy("ai"), given={}, risk="default", config=Config())
    return replace(fresh, forecaster=setup.forecaster, history=past)


def test_what_came_before_the_feed_is_in_the_first_window(window_model: Path) -> None:
    whole = setup_of(window_model, ("EURUSD",), 3, gapped=False)
    settled = standard_set(Timeframe.H1).settling
    for before, state in ((settled + WINDOW - 2, "ready"), (settled + WINDOW - 3, "warming")):
        setup = with_past(whole, before)
        batch = forecast_events(setup).forecasts
        assert batch is not None
        told = [each for each in messages_of(setup) if isinstance(each, Predicted)]
        assert told[0].state == state
        assert [each.p_up for each in told] == batch["p_up"].tolist()


def test_a_restored_platform_goes_on_in_the_middle_of_a_window(window_model: Path) -> None:
    setup = with_past(
        setup_of(window_model, ("EURUSD",), 3, gapped=False), standard_set(Timeframe.H1).settling
    )
    events = setup.events()[:40]
    feed = list(feed_messages(setup, events))
    one, other = (build_topology(setup, IdSource(2).next) for _ in range(2))
    first, told = one.runner(), []
    first.push(start_message(int(events["ts"][0])))
    for message in feed[:17]:
        first.push(message)
    other.restore(one.snapshot())
    for runner in (first, other.runner()):
        found = [each for message in feed[17:] for each in runner.push(message)]
        told.append([each.p_up for each in found if isinstance(each, Predicted)])
    assert told[0] == told[1]
    assert len(set(told[0])) > 1


def test_without_the_bars_of_a_leader_a_model_is_refused(led_model: Path) -> None:
    with pytest.raises(UsageError, match="USDJPY follows XAUUSD, whose bars are not given"):
        setup_of(led_model, ("EURUSD", "USDJPY"), 1)
    assert setup_of(led_model, ("EURUSD",), 1).forecaster is not None


def messages_of(setup: Setup) -> list[Message]:
    events = setup.events()
    runner = build_topology(setup, IdSource(2).next).runner()
    found = list(runner.push(start_message(int(events["ts"][0]))))
    for message in feed_messages(setup, events):
        found += runner.push(message)
    return found


@pytest.mark.parametrize("chosen", ["model", "led_model", "window_model"])
def test_a_forecast_message_says_what_the_batch_says_bar_by_bar(
    chosen: str, request: pytest.FixtureRequest
) -> None:
    setup = setup_of(request.getfixturevalue(chosen), ("EURUSD", "USDJPY", "XAUUSD"), 3)
    assert_told_as_in_the_batch(setup)


def assert_told_as_in_the_batch(setup: Setup) -> set[str]:
    """Compare bar by bar; return the states that were told."""
    events, batch = setup.events(), forecast_events(setup).forecasts
    assert batch is not None
    told = [each for each in messages_of(setup) if isinstance(each, Predicted)]
    assert len(told) == len(events)
    at = {
        (int(one["ts"]), setup.symbols[one["instrument"]]): record
        for one, record in zip(events, batch, strict=True)
    }
    for each in told:
        record = at[each.ts_event, each.symbol]
        for name in FORECAST.names or ():
            value = getattr(each, name)
            if name == "state":
                assert value == FORECAST_STATES[record[name]]
            else:
                assert value == record[name], name
    return {each.state for each in told}


@pytest.mark.parametrize("chosen", ["model", "window_model"])
def test_a_guard_remembers_the_bars_before_the_first(
    chosen: str, request: pytest.FixtureRequest
) -> None:
    whole = setup_of(request.getfixturevalue(chosen), ("EURUSD",), 5)
    cut = len(whole.series[0]) - 300
    later = with_past(whole, cut)
    assert "silenced" in assert_told_as_in_the_batch(later)
    forecasts, after = forecast_events(whole).forecasts, forecast_events(later).forecasts
    assert forecasts is not None
    assert after is not None
    for name in ("state", "p_up", "set_size", "evidence"):
        assert np.array_equal(forecasts[name][cut:], after[name])


def test_bars_without_a_whole_window_are_no_claims_to_the_guard(window_model: Path) -> None:
    setup = setup_of(window_model, ("EURUSD",), 3, gapped=False)
    forecaster, settled = setup.forecaster, standard_set(Timeframe.H1).settling
    assert forecaster is not None
    found = forecast_events(with_past(setup, settled + WINDOW - 3)).forecasts
    whole = forecast_events(with_past(setup, settled + WINDOW - 2)).forecasts
    assert found is not None
    assert whole is not None
    assert (found["state"][0], found["set_size"][0], found["evidence"][0]) == (WARMING, 2, 0)
    assert np.array_equal(found[1:], whole)


@pytest.mark.parametrize("chosen", ["model", "window_model"])
def test_a_restart_amid_a_run_forecasts_as_if_there_were_none(
    chosen: str, request: pytest.FixtureRequest
) -> None:
    setup = setup_of(request.getfixturevalue(chosen), ("EURUSD",), 6)
    whole, feed = messages_of(setup), list(feed_messages(setup, setup.events()))
    first, second = (build_topology(setup, IdSource(2).next) for _ in range(2))
    half, told = len(feed) * 9 // 10, [start_message(feed[0].ts_event)]
    runner = first.runner()
    found = [each for message in [*told, *feed[:half]] for each in runner.push(message)]
    second.restore(first.snapshot())
    runner = second.runner()
    found += [each for message in feed[half:] for each in runner.push(message)]
    kept = [
        [msgspec.structs.replace(each, id=0, cause=0) for each in those
         if isinstance(each, Predicted)]
        for those in (whole, found)
    ]  # fmt: skip
    assert kept[0] == kept[1]


def test_every_decision_tells_why_and_only_ready_ones_are_taken(model: Path) -> None:
    found = messages_of(setup_of(model, ("EURUSD",), 4))
    states = {each.ts_event: each.state for each in found if isinstance(each, Predicted)}
    decisions = [each for each in found if isinstance(each, DecisionMade)]
    outcomes = Counter(each.outcome for each in decisions)
    assert set(outcomes) >= {"enter", "hold", "abstain"}
    assert all(each.reasons for each in decisions)
    entered = [each for each in decisions if each.outcome == "enter"]
    assert all(states[each.ts_event] == "ready" and each.expected > 0 for each in entered)


def test_bars_that_a_model_was_taught_by_are_not_traded(tmp_path: Path) -> None:
    ready = START + 10**6 * int(Timeframe.H1)
    setup = forecast_events(setup_of(make_model(tmp_path, ready_from=ready), ("EURUSD",), 1))
    assert setup.forecasts is not None
    states = {FORECAST_STATES[state] for state in np.unique(setup.forecasts["state"])}
    assert states == {"warming", "hindsight"}
    assert len(assert_parity(setup).outcome.orders) == 0

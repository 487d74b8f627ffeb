"""A champion promoted while `assay up` trades takes over at the next bar, kill -9 or not."""

from __future__ import annotations

from dataclasses import replace
from operator import attrgetter
from pathlib import Path

import msgspec
import numpy as np
import pytest

from assay.apps.config import Config
from assay.apps.lab.models.forecasting import forecast_events
from assay.apps.lab.runs.drivers import sweep
from assay.apps.lab.runs.outcome import OutcomeCollector
from assay.apps.paper.plan import Plan
from assay.apps.paper.preparing import prepare_plan
from assay.market.sources.parquet.writing import write_parquet
from assay.model.messages import (
    BarClosed,
    ChallengerEntered,
    ChallengerLeft,
    Message,
    ModelPromoted,
    PlatformStarted,
    Predicted,
    RegimeChanged,
    ShadowPredicted,
)
from assay.model.time import Timeframe
from assay.runtime.clock import wait_for
from assay.runtime.home import Home, open_home
from assay.runtime.journal import PostgresJournal
from assay.runtime.stores.postgres import open_postgres, remove_postgres
from assay.signals.features import standard_set
from assay.signals.prediction import read_artifact, write_artifact
from assay.signals.regimes import RegimeWatch, place_of, read_classifier, write_classifier
from tests.databases import Databases
from tests.integration.killing import (
    LONG_S,
    call,
    events_of,
    kill_all,
    processes_of,
    start,
    trader_of,
)
from tests.replay.conditions import make_kept
from tests.replay.markets import generate_bars
from tests.replay.taught import make_ensemble, make_model

BARS = 600
"""Bars of the market that models trade, once their features have settled."""
SPEED = "1000000"
EARLY = 300
"""Events after which the second model is promoted, long before the feed ends."""
FIRST, SECOND, THIRD = "lightgbm-byhand", "ensemble-byhand", "third"


def recorded_by(home: Home) -> list[Message]:
    server = open_postgres(home.path)
    try:
        journal = PostgresJournal(server.dsn)
        found = [each.message for each in journal.read()]
        journal.close()
    finally:
        server.stop()
    return found


def assert_traded_by_both(home: Home, plan: Plan) -> None:
    """Hold what a home recorded to each model's own forecasts, before and after the promotion."""
    recorded = recorded_by(home)
    assert sum(isinstance(each, PlatformStarted) for each in recorded) == 1
    (place,) = (k for k, each in enumerate(recorded) if isinstance(each, ModelPromoted))
    turn = sum(isinstance(each, BarClosed) for each in recorded[:place])
    told = [each for each in recorded if isinstance(each, Predicted)]
    bars = [each.ts_event for each in recorded if isinstance(each, BarClosed)]
    assert [each.ts_event for each in told] == bars
    assert [each.model for each in told] == [FIRST] * turn + [SECOND] * (len(bars) - turn)
    setups = []
    for model in (FIRST, SECOND, THIRD):
        setup = prepare_plan(msgspec.structs.replace(plan, model=model), Config(), home.path)
        setups.append(forecast_events(setup))
    first, second, third = (setup.forecasts for setup in setups)
    assert first is not None
    assert second is not None
    assert third is not None
    # The challenger was made ready beside the first bars, was sent away, and came back for good.
    turns = [k for k, m in enumerate(recorded) if isinstance(m, ChallengerEntered | ChallengerLeft)]
    kinds = (ChallengerEntered, ChallengerLeft, ChallengerEntered)
    assert tuple(type(recorded[k]) for k in turns) == kinds
    shadows = [each for each in recorded[turns[-1] :] if isinstance(each, ShadowPredicted)]
    shadows.sort(key=attrgetter("id"))
    assert [each.ts_event for each in shadows] == bars[-len(shadows) :]
    assert [each.p_up for each in shadows] == third["p_up"][-len(shadows) :].tolist()
    assert len(shadows) > BARS
    earlier = [each.ts_event for each in recorded[: turns[1]] if isinstance(each, ShadowPredicted)]
    assert earlier
    assert max(earlier) < shadows[0].ts_event
    wanted = replace(setups[1], forecasts=np.concatenate((first[:turn], second[turn:])))
    collector = OutcomeCollector(wanted)
    for message in recorded:
        collector.take(message)
    assert collector.outcome().digest(wanted) == sweep(wanted).outcome.digest(wanted)


def assert_told_once(recorded: list[Message], place: Path) -> None:
    """Hold the regimes that a run recorded to those of its bars, as far as it told of them."""
    watch = RegimeWatch(read_classifier(place), digits=5)
    bars = [each for each in recorded if isinstance(each, BarClosed)]
    wanted = [(each.ts_event, each.before, each.regime) for each in watch.take(bars)]
    told = [each for each in recorded if isinstance(each, RegimeChanged)]
    assert [(each.ts_event, each.before, each.regime) for each in told] == wanted[: len(told)]
    assert len(told) > 1


def await_events(home: Home, count: int) -> None:
    assert wait_for(lambda: events_of(home) >= count, seconds=LONG_S, step=0.005)


@pytest.mark.running
@pytest.mark.long
def test_a_promotion_is_carried_out_at_once_and_outlives_a_kill(
    tmp_path: Path, databases: Databases
) -> None:
    settling = standard_set(Timeframe.H1).settling
    data = tmp_path / "eurusd_h1_promotions_20190304_20190401.parquet"
    series = generate_bars("EURUSD", settling + BARS, 5, gapped=True, timeframe=Timeframe.H1)
    write_parquet(series, data)
    home = open_home(tmp_path / "home")
    databases.lay(home.path)
    models = home.folder("models")
    make_ensemble(models)
    artifact, graphs = read_artifact(make_model(tmp_path / "drawn", window=5))
    write_artifact(models / THIRD, msgspec.structs.replace(artifact, id=THIRD), graphs)
    place = place_of(home.path, "eurusd")
    home.folder(place.parent.name)
    write_classifier(place, make_kept("EURUSD", int(series.ts_open[0])))
    home.config_file.write_text('[conditions]\nregimes = ["eurusd"]\n')
    words = ["--source", "replay", "--data", str(data), "--strategy", "ai", "--port", "0"]
    words += ["--challenger", THIRD]
    try:
        call("models", "promote", FIRST, home=home.path)
        call("models", "challenge", THIRD, home=home.path, code=2)
        up = start(*words, "--speed", SPEED, home=home.path)
        await_events(home, EARLY)
        assert call("models", "challenge", THIRD, home=home.path)["running"].endswith("already")
        left = call("models", "challenge", "--end", "--reason", "enough", home=home.path)
        assert left["running"].startswith(f"{THIRD} follows no more from event ")
        assert call("status", home=home.path)["challenger"] is None
        back = call("models", "challenge", THIRD, home=home.path)
        assert back["running"].startswith(f"{THIRD} follows {FIRST} from event ")
        by = ["--override", "rini", "--reason", "seen enough"]
        told = call("models", "promote", SECOND, *by, home=home.path)
        assert (told["serves"], f"after {FIRST}" in told["running"]) == (True, True), told
        status = call("status", home=home.path)
        assert (status["model"], status["challenger"]) == (SECOND, THIRD)
        trader = trader_of(home)
        assert trader is not None
        kill_all([trader])
        error = up.communicate(timeout=LONG_S)[1]
        assert up.returncode == 0, error
        weighed = call("models", "compare", SECOND, THIRD, "--live", home=home.path)
        assert (weighed["live"], weighed["tries"]) == (True, 1)
        assert weighed["labels"] > 5
        for model in (SECOND, THIRD):
            shown = call("models", "metrics", model, home=home.path)
            assert shown["forecasts"] > shown["n"] > BARS // 4
            assert shown["latency_us"]["p50"] > 0
        assert_told_once(recorded_by(home), place)
        assert_traded_by_both(home, Plan(source="replay", data=(str(data),), strategy="ai"))
    finally:
        kill_all(processes_of(home.path))
        remove_postgres(home.path)

"""What a run gives to watch, why it gives nothing, and what it begins with."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from assay.apps.conditions.regimes import choose_regimes
from assay.apps.conditions.watches import Watches, choose_correlations, drift_from
from assay.apps.config import ConditionsConfig, Config
from assay.apps.paper.control.notices import NoticeBoard, forget_notices, pending_notices
from assay.apps.paper.plan import Plan
from assay.apps.paper.up import _has_conditions
from assay.apps.paper.view.sheet import Past, Traded
from assay.model.messages import DriftFound
from assay.model.time import HOUR, MINUTE
from assay.runtime.home import open_home
from assay.signals.correlation import CorrelationWatch, Estimator
from assay.signals.regimes import Kept, place_of, write_classifier
from tests.replay.conditions import make_kept

START = 10**18


def traded(symbol: str, timeframe: int = HOUR, digits: int = 5) -> Traded:
    return Traded(
        symbol=symbol, digits=digits, pip_points=10, lot_units=1, timeframe=timeframe,
        position_max=0, spread_max=0,
    )  # fmt: skip


@pytest.fixture(scope="module")
def kept() -> Kept:
    return make_kept("EURUSD", START)


def test_saved_regimes_are_watched_where_they_fit_and_others_are_named(
    kept: Kept, tmp_path: Path
) -> None:
    (tmp_path / "regimes").mkdir()
    for name in ("one", "two", "torn"):
        write_classifier(place_of(tmp_path, name), kept)
    torn = place_of(tmp_path, "torn")
    torn.write_bytes(torn.read_bytes()[:-9])
    config = ConditionsConfig(regimes=["one", "two", "torn", "absent"])
    found, why = choose_regimes(tmp_path, config, [traded("EURUSD"), traded("GBPUSD")])
    assert [each.symbol for each in found] == ["EURUSD"]
    for told in ("two is of EURUSD", "torn.regimes is damaged", "regimes absent are unknown"):
        assert told in why
    for other in (traded("GBPUSD"), traded("EURUSD", MINUTE)):
        found, why = choose_regimes(tmp_path, ConditionsConfig(regimes=["one"]), [other])
        assert (found, why) == ([], "one is of other bars than are traded")
    assert "--save NAME" in choose_regimes(tmp_path, ConditionsConfig(), [])[1]


def test_correlations_are_of_the_symbols_whose_bars_are_as_long() -> None:
    markets = [traded("EURUSD"), traded("GBPUSD", digits=6), traded("XAUUSD", MINUTE)]
    watch, why = choose_correlations(ConditionsConfig(window=50), markets)
    assert watch is not None
    assert (watch.symbols, watch.timeframe, watch.now.window) == (("EURUSD", "GBPUSD"), HOUR, 50)
    assert why == ""
    for few in ([], markets[:1], markets[1:]):
        assert choose_correlations(ConditionsConfig(), few)[0] is None


def test_a_model_without_a_reference_has_no_drift(tmp_path: Path) -> None:
    assert drift_from(tmp_path)("lightgbm-1") is None


def test_bars_before_the_run_are_seen_and_not_told_of() -> None:
    digits, estimator = {"AAAUSD": 5, "BBBUSD": 5}, Estimator(window=40)
    together = CorrelationWatch(digits, MINUTE, estimator)
    rng = np.random.default_rng(4)
    prices = 100_000 + np.cumsum(rng.integers(-30, 31, (60, 2)), axis=0)
    columns = [*zip(digits, prices.T, strict=True), ("XAUUSD", prices[:5, 0])]
    past = Past(
        bars={
            symbol: [
                (START + at * MINUTE, *4 * (int(price),), 2) for at, price in enumerate(column)
            ]
            for symbol, column in columns
        }
    )  # fmt: skip
    Watches([], together, lambda _model: None).begin(past)
    assert together.now.returns == 59
    assert together.now.pairs[0].correlation is not None
    Watches([], None, lambda _model: None).begin(past)


@pytest.mark.parametrize(
    ("plan", "config", "wanted"),
    [
        (Plan(source="sample"), ConditionsConfig(), False),
        (Plan(source="sample"), ConditionsConfig(regimes=["eurusd"]), True),
        (Plan(source="sim"), ConditionsConfig(), True),
        (Plan(source="sim"), ConditionsConfig(enabled=False, regimes=["eurusd"]), False),
        (Plan(source="replay", data=("a", "b")), ConditionsConfig(), True),
        (Plan(source="replay", data=("a",)), ConditionsConfig(), False),
        (Plan(source="replay", data=("a",), model="m"), ConditionsConfig(), True),
    ],
)
def test_nothing_is_started_where_there_is_nothing_to_watch(
    plan: Plan, config: ConditionsConfig, wanted: bool
) -> None:
    assert _has_conditions(plan, Config(conditions=config)) is wanted


def test_what_is_left_is_taken_in_order_and_forgotten_by_who_starts(tmp_path: Path) -> None:
    home = open_home(tmp_path / "home")
    told = [
        DriftFound(id=0, ts_event=at, ts_init=at, model="m", detector="adwin", stream="loss",
                   statistic=1_000, labels=at, alarmed=1)
        for at in range(1, 24)
    ]  # fmt: skip
    board = NoticeBoard(home)
    for each in told[:12]:
        board.leave([each])
    board.leave(told[12:])
    waiting = pending_notices(home)
    assert [each for _, notices in waiting for each in notices] == told
    for path, _ in waiting[:3]:
        path.unlink()
    assert len(pending_notices(home)) == 10
    NoticeBoard(home, seconds=0.0)
    assert pending_notices(home) == []
    board.leave(told)
    forget_notices(home)
    assert pending_notices(home) == []

"""The laboratory beside the sweep: worse conditions, windows in a row, and shocks."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from assay.apps.cli.console import run
from assay.apps.cli.main import build
from assay.apps.lab.backtests.backtest import Request, prepare_request
from assay.apps.lab.robustness.frictions import charge, delay, slip, widen
from assay.apps.lab.robustness.montecarlo import MonteCarloRequest, jitter
from assay.apps.lab.robustness.scenario import ScenarioRequest, _draw_markets
from assay.apps.lab.robustness.shocks import SHOCKS, Strike, strike
from assay.apps.lab.runs.setup import Costs
from assay.apps.lab.sweeps.course import Course, Runner, measure_outcome
from assay.apps.lab.sweeps.grid import parse_axis
from assay.apps.lab.sweeps.optimisation import OptimiseRequest, cut_windows, run_optimise
from assay.apps.lab.sweeps.relay import settle, trade_on, trade_windows
from assay.books.trials import TrialLedger
from assay.kernel.records import STOP_LOSS
from assay.model.errors import UsageError
from assay.model.time import DAY, HOUR
from assay.runtime.home import open_home

STEM = "eurusd_h1_sample_20170101_20171229"
VARIANT = {"fast": 10, "slow": 40, "units": 10_000}


@pytest.fixture(scope="module")
def hours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    whole = files("assay.market.history") / "sample" / f"{STEM}.parquet"
    path = tmp_path_factory.mktemp("hours") / f"{STEM}.parquet"
    pq.write_table(pq.read_table(str(whole)).slice(0, 2_400), path)
    return path


def course_of(hours: Path, strategy: str = "sma-cross", **words: Any) -> Course:
    costs = Costs(spread_pips=Decimal(1), commission_bp=Decimal("0.5"))
    request = Request(data=[hours], strategy=strategy, costs=costs, **words)
    return Course.of(prepare_request(request))


@pytest.fixture(scope="module")
def course(hours: Path) -> Course:
    return course_of(hours)


def call(home: Path, capsys: pytest.CaptureFixture[str], *words: object) -> dict[str, Any]:
    assert run(build(), [*map(str, words), "--json", "--home", str(home)]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def looks(home: Path) -> int:
    return TrialLedger(open_home(home)).read().report.trials


def test_worse_conditions_cost_what_they_say(course: Course) -> None:
    plain = Runner(course).run(VARIANT)
    fills, net = plain.fills, measure_outcome(course, plain).net
    spread, fees = int(fills["spread_cost"].sum()), int(fills["commission"].sum())
    finer = course.setup.pricing[0].digits - course.setup.instruments[0].digits
    slid = int(abs(fills["quantity"]).sum()) * 3 * 10**finer
    value = course.setup.terms[0][0]
    slid = slid * int(value["value_num"]) // int(value["value_den"])
    for worse, loss in ((widen(course, 2.0), spread), (slip(course, 3), slid),
                        (charge(course, 3.0), 2 * fees)):  # fmt: skip
        found = Runner(worse).run(VARIANT)
        assert np.array_equal(found.fills["ts"], fills["ts"])
        # Each fill is rounded once, to a minor unit.
        assert abs(net - measure_outcome(worse, found).net - loss) <= 2 * len(fills)


def test_a_later_fill_has_the_price_of_the_bar_after(course: Course, hours: Path) -> None:
    plain = Runner(course).run(VARIANT)
    late = Runner(delay(course, plain)).run(VARIANT)
    assert np.array_equal(late.fills["ts"], plain.fills["ts"])
    rows = np.searchsorted(course.events["ts"], plain.fills["ts"] + HOUR)
    events = [course.events[rows + later] for later in (0, 1)]
    bought = plain.fills["quantity"] > 0
    prices = [each["open"] + np.where(bought, each["spread_open"], 0) for each in events]
    assert np.array_equal(plain.fills["price"], prices[0])
    assert np.array_equal(late.fills["price"], prices[1])
    waiting = course_of(hours, "breakout")
    with pytest.raises(UsageError, match="wait for a price"):
        delay(waiting, Runner(waiting).run(waiting.setup.params))


def test_moved_parameters_are_near_and_different() -> None:
    request = MonteCarloRequest(noise=0.2, noisy=40, seed=4)
    found = jitter({"fast": 10, "slow": 100, "one": 1, "units": 10_000}, request)
    assert len({tuple(variant.values()) for variant in found}) == len(found) == 40
    for variant in found:
        assert abs(variant["fast"] - 10) <= 2
        assert abs(variant["slow"] - 100) <= 20
        assert variant["one"] in (1, 2)
        assert variant["units"] == 10_000


def test_a_finished_run_and_its_backtest_are_redrawn_alike(
    hours: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home, words = tmp_path / "home", ("--data", hours, "--strategy", "sma-cross")
    call(home, capsys, "backtest", *words, "--out", tmp_path / "run")
    folder = call(home, capsys, "montecarlo", "--run", tmp_path / "run", "--draws", 200)
    assert (looks(home), folder["stress"]) == (1, [])
    told = call(
        home, capsys, "montecarlo", *words, "--draws", 200, "--noisy", 10, "--fall", 0.01,
        "--out", tmp_path / "out",
    )  # fmt: skip
    assert looks(home) == 1 + 1 + 10 + len(told["stress"]) - 1
    assert folder["fans"]["trades"]["final"] == pytest.approx(told["fans"]["trades"]["final"])
    assert told["stress"][0]["net"] == pytest.approx(told["final"] - told["start"])
    nets = {each["name"]: each["net"] for each in told["stress"]}
    assert nets["as it was"] > nets["spread x 1.5"] > nets["spread x 2"] > nets["spread x 3"]
    assert list(told["fans"]["days"]["chance_of_fall"]) == ["0.01"]
    report = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert told["verdict"].partition(": ")[2] in report
    assert "Under worse conditions" in report
    assert run(build(), ["montecarlo", "--home", str(home)]) == 2
    assert run(build(), ["montecarlo", "--run", str(tmp_path), "--home", str(home)]) == 2


def request_of(hours: Path, **words: Any) -> OptimiseRequest:
    costs = Costs(spread_pips=Decimal(1), commission_bp=Decimal("0.5"))
    base = Request(data=[hours], strategy="sma-cross", costs=costs)
    axes = [parse_axis("fast=5:25:10"), parse_axis("slow=30,60")]
    return OptimiseRequest(base=base, axes=axes, windows=4, ratio=2.0, draws=100, **words)


def test_windows_follow_each_other_and_nothing_is_traded_that_was_chosen_on(
    course: Course, hours: Path
) -> None:
    for scheme in ("rolling", "anchored"):
        windows = cut_windows(course, request_of(hours, scheme=scheme))
        ends = [window.outside for window in windows]
        assert [one[1] for one in ends[:-1]] == [other[0] for other in ends[1:]]
        assert all(window.inside[1] == window.outside[0] for window in windows)
        assert ends[-1][1] >= int(course.events["ts"][-1])
        lengths = {window.inside[1] - window.inside[0] for window in windows}
        assert len(lengths) == (1 if scheme == "rolling" else 4)


def test_windows_of_one_variant_are_one_account_of_it(course: Course, hours: Path) -> None:
    windows = cut_windows(course, request_of(hours))
    joined = trade_windows(course, windows, [VARIANT] * len(windows))
    outside = course.cut(windows[0].outside[0], windows[-1].outside[1])
    memory = settle(course.cut(-1, windows[0].outside[0]), VARIANT)
    whole = trade_on(outside, VARIANT, memory)
    assert len(whole.fills) > 10
    assert joined.digest(course.setup) == whole.digest(course.setup)
    assert len(joined.equity) == outside.bars


def test_what_comes_later_changes_no_choice_and_no_equity_before_it(
    hours: Path, tmp_path: Path
) -> None:
    found = run_optimise(request_of(hours))
    turn = found.stages[1].window.outside[1]
    changed = tmp_path / f"{STEM}.parquet"
    table = pq.read_table(hours)
    times = table["time"].cast(pa.timestamp("ns", tz="UTC")).cast(pa.int64()).to_numpy()
    late = times >= turn
    for number, name in enumerate(table.column_names):
        if name in ("open", "high", "low", "close"):
            prices = np.where(late, table[name].to_numpy() * 1.3, table[name].to_numpy())
            table = table.set_column(number, name, pa.array(np.round(prices, 5)))
    pq.write_table(table, changed)
    other = run_optimise(request_of(changed))
    for one, two in zip(found.stages[:2], other.stages[:2], strict=True):
        assert (one.variant, one.net) == (two.variant, two.net)
    before = found.ends < turn
    assert np.array_equal(found.equity[before], other.equity[before])
    assert not np.array_equal(found.equity[~before], other.equity[~before])
    assert sum(stage.net for stage in found.stages) == found.joined.net


def test_optimise_tells_and_counts(
    hours: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = call(
        tmp_path / "home", capsys, "optimise", "--data", hours, "--strategy", "sma-cross",
        "--grid", "fast=5:25:10", "--grid", "slow=30,60", "--windows", 3, "--draws", 100,
    )  # fmt: skip
    assert looks(tmp_path / "home") == 6 + 1
    assert told["looks_before"] == 0
    assert len(told["windows"]) == 3
    low, high = told["sharpe_interval"]
    assert low <= told["sharpe"] <= high
    assert told["verdict"].startswith(("No edge shown", "Loss shown", "Edge shown"))
    assert sum(each["net"] for each in told["windows"]) == pytest.approx(told["net"])


def test_a_shock_is_there_at_the_next_open_and_skips_over_stops(hours: Path) -> None:
    course = course_of(hours, "breakout", params={"units": "10000"})
    runner = Runner(course)
    fills = runner.run(course.setup.params).fills.copy()
    entries = np.flatnonzero((fills["position"] > 0) & (np.diff(fills["ts"], append=2**62) > DAY))
    at = int(fills["ts"][entries[0]]) + 2 * HOUR
    blow = Strike(SHOCKS["franc"], 0, at)
    struck = strike(course, blow)
    before = course.events["ts"] <= at
    assert np.array_equal(struck.events[before], course.events[before])
    first = struck.events[~before][0]
    assert first["open"] == round(course.events[~before][0]["open"] * 0.9)
    assert first["low"] <= min(first["open"], first["close"])
    assert first["low"] < 0.72 * course.events[~before][0]["low"]
    after = Runner(struck).run(course.setup.params).fills
    out = after[(after["ts"] > at) & (after["reason"] == STOP_LOSS)][0]
    assert (out["ts"], out["price"]) == (first["ts"], first["open"])


def test_a_rise_undoes_a_fall_and_scale_is_its_size() -> None:
    minutes = np.array([-1.0, 0.0, 3.0, 1e6])
    falls, rises = (Strike(SHOCKS["yen"], 0, 0, rises=rises) for rises in (False, True))
    assert falls.factor(minutes) * rises.factor(minutes) == pytest.approx(1.0)
    assert falls.factor(minutes).tolist() == pytest.approx([1.0, 0.985, 0.965, 0.9885])
    half = replace(falls, scale=0.5)
    assert half.factor(minutes).tolist() == pytest.approx([1.0, 0.9925, 0.9825, 0.99425])


def test_stress_tells_and_counts(
    hours: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("stress", "--data", hours, "--strategy", "sma-cross", "--times", 3)
    told = call(tmp_path / "home", capsys, *words, "--param", "units=50000")
    assert looks(tmp_path / "home") == 1 + 9
    assert told["verdict"].startswith("Survives: ")
    worst = {one["shock"]: one["worst"] for one in told["shocks"]}
    assert worst["franc"] > worst["yen"] > 0
    assert all(one["rises"] == (one["held"] < 0) for one in told["strikes"])
    large = call(
        tmp_path / "home", capsys, *words, "--shock", "franc", "--param", "units=1000000",
        "--direction", "against",
    )  # fmt: skip
    assert large["verdict"].startswith("Ruin possible: 3 of 3 strikes leave no equity")
    refused = [*map(str, words), "--shock", "tulip", "--home", str(tmp_path / "home")]
    assert run(build(), refused) == 2


def test_a_market_drawn_in_one_block_is_the_bars_themselves_at_another_level(
    course: Course, hours: Path, tmp_path: Path
) -> None:
    base = Request(data=[hours], strategy="sma-cross")
    request = ScenarioRequest(
        base=base, home=open_home(tmp_path / "home"), regime="none", classifier="", draws=1,
        block=1e12,
    )  # fmt: skip
    turn = int(course.events["ts"][-301])
    after = course.cut(turn, int(course.events["ts"][-1]))
    rows = np.arange(1, 301)
    (market,) = _draw_markets(course, after, rows, request)
    assert np.array_equal(market.events["ts"], after.events["ts"])
    assert not np.array_equal(market.events["close"], after.events["close"])
    drawn = np.diff(np.log(market.events["close"].astype(float)))
    known = np.diff(np.log(course.events["close"][:301].astype(float)))
    # The block begins anywhere and goes on from its end to its beginning.
    far = [np.abs(np.roll(known, -turn)[:-1] - drawn).max() for turn in range(300)]
    assert min(far) < 2e-5
    inside = market.events
    assert (inside["low"] <= np.minimum(inside["open"], inside["close"])).all()
    assert (inside["high"] >= np.maximum(inside["open"], inside["close"])).all()

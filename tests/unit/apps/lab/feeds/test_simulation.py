"""`assay simulate` from arguments to files, and the simulated market as a source of `assay up`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from assay.apps.cli.console import run
from assay.apps.cli.main import build
from assay.apps.config import Config
from assay.apps.lab.output import appearing_together
from assay.apps.lab.runs.drivers import replay, sweep
from assay.apps.lab.runs.outcome import summarise
from assay.apps.paper import plan as plans
from assay.apps.paper import preparing
from assay.apps.paper.plan import Plan
from assay.apps.paper.preparing import identify_setup, prepare_plan
from assay.market.series import BarSeries
from assay.market.simulation import bayes_accuracy
from assay.market.sources.parquet import read_parquet
from assay.model.errors import OperatorError, UsageError
from assay.model.time import parse_time

ARGUMENTS = ("--seed", "5", "--bars", "600", "--symbols", "EURUSD,XAUUSD")


def call(out: Path, *arguments: str) -> int:
    return run(build(), ["simulate", *ARGUMENTS, *arguments, "--out", str(out)])


def test_turbulence_is_told_where_it_is_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    more = ("--bars", "600", "--timeframe", "H1", "--horizon", "6", "--kind", "volatility")
    assert call(tmp_path / "with", *more, "--turbulence", "--json") == 0
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert call(tmp_path / "without", *more) == 0
    assert "of turbulence" not in capsys.readouterr().out
    truth, plain = (
        pq.read_table(tmp_path / name / "truth.parquet") for name in ("with", "without")
    )
    assert truth.drop_columns("p_turbulent").equals(plain)
    chance = truth["p_turbulent"].to_numpy(zero_copy_only=False)
    known = ~np.isnan(chance)
    # The usual of an hour takes 20 days, a label six bars.
    assert not known[: 20 * 20].any()
    assert known[500:594].all()
    assert not known[594:600].any()
    assert chance[known].min() < 0.2
    assert chance[known].max() > 0.8
    assert told["turbulence"]["30"] == pytest.approx(bayes_accuracy(chance, 0.3))


def test_simulate_writes_bars_and_truth(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(tmp_path / "sim", "--json") == 0
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    names = ["eurusd_m5_sim_20100103_20100105.parquet", "xauusd_m5_sim_20100103_20100106.parquet"]
    assert {path.name for path in (tmp_path / "sim").iterdir()} == {*names, "truth.parquet"}
    assert [Path(name).name for name in told["files"]] == names
    truth = pq.read_table(told["truth"])
    assert truth.column_names == ["time", "symbol", "p_up"]
    facts = {key.decode(): value.decode() for key, value in truth.schema.metadata.items()}
    assert (facts["seed"], facts["kind"], facts["strength"]) == ("5", "linear", "0.5")
    assert (facts["horizon"], facts["bars"]) == ("30", "600")
    chance = np.array(truth["p_up"].to_pylist(), dtype=float)
    for coverage, key in ((0.3, "30"), (1.0, "100")):
        expected = bayes_accuracy(chance, coverage)
        assert told["bayes_accuracy"][key] == pytest.approx(expected)
        assert float(facts[f"bayes_accuracy_{key}"]) == pytest.approx(expected)
    times = truth["time"].cast("int64").to_numpy()
    for place, name in enumerate(names):
        bars = read_parquet(tmp_path / "sim" / name)
        assert isinstance(bars, BarSeries)
        assert (len(bars), bars.side) == (600, "quote")
        rows = slice(600 * place, 600 * (place + 1))
        assert np.array_equal(times[rows], bars.ts_open)
        assert set(truth["symbol"].to_pylist()[rows]) == {bars.symbol}
        assert np.isnan(chance[rows][-30:]).all()
        assert not np.isnan(chance[rows][:-30]).any()


def test_equal_seeds_write_equal_bytes(tmp_path: Path) -> None:
    def contents(name: str) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()}

    assert call(tmp_path / "one") == call(tmp_path / "two") == 0
    assert call(tmp_path / "one") == 0
    assert call(tmp_path / "three", "--seed", "6") == 0
    assert contents("one") == contents("two")
    assert contents("one").keys() == contents("three").keys()
    assert all(contents("one")[name] != held for name, held in contents("three").items())


@pytest.mark.parametrize(
    "arguments",
    [
        ["--kind", "square"], ["--bars", "0"], ["--bars", "-3"], ["--strength", "1.5"],
        ["--strength", "-0.1"], ["--seed", "-1"], ["--horizon", "0"], ["--timeframe", "M7"],
        ["--symbols", "BTCUSD"], ["--bars", "many"],
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(arguments: list[str], tmp_path: Path) -> None:
    words = ["simulate", "--bars", "10", "--out", str(tmp_path / "sim"), *arguments]
    assert run(build(), words) == 2
    assert not (tmp_path / "sim").exists()


def test_simulated_bars_trade(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(tmp_path / "sim") == 0
    data = next((tmp_path / "sim").glob("eurusd*"))
    words = ["backtest", "--data", str(data), "--strategy", "breakout", "--json"]
    capsys.readouterr()
    assert run(build(), [*words, "--home", str(tmp_path / "home")]) == 0
    assert json.loads(capsys.readouterr().out)["bars"] == 600


def test_another_simulation_is_not_mixed_in(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(tmp_path / "sim") == 0
    before = sorted(path.name for path in (tmp_path / "sim").iterdir())
    assert call(tmp_path / "sim", "--timeframe", "H1") == 2
    assert "holds another simulation" in capsys.readouterr().err
    assert sorted(path.name for path in (tmp_path / "sim").iterdir()) == before


def test_files_appear_together_or_not_at_all(tmp_path: Path) -> None:
    def fail() -> None:
        with appearing_together(tmp_path / "out") as folder:
            (folder / "one").write_text("whole")
            assert not (tmp_path / "out" / "one").exists()
            raise UsageError("stop")

    with pytest.raises(UsageError):
        fail()
    assert list((tmp_path / "out").iterdir()) == []
    (tmp_path / "file").write_text("")
    with pytest.raises(OperatorError, match="--out"), appearing_together(tmp_path / "file"):
        pass


def test_a_simulated_source_is_known_by_its_seed_and_parameters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (plans, preparing):
        monkeypatch.setattr(module, "SIM_HISTORY", 300)
    monkeypatch.setattr(plans, "SIM_BARS", 60)
    given = [{}, {"seed": 2}, {"kind": "none"}, {"strength": 0.4}]
    found = [Plan(source="sim", **each) for each in given]  # type: ignore[arg-type]
    setups = [prepare_plan(plan, Config(), tmp_path) for plan in found]
    assert len({identify_setup(*each) for each in zip(found, setups, strict=True)}) == len(given)
    again = Plan(
        source="sim", seed=1, kind="linear", strength=plans.SIM_STRENGTH, speed=60.0
    )  # fmt: skip
    assert identify_setup(again, prepare_plan(again, Config(), tmp_path)) == identify_setup(
        found[0], setups[0]
    )
    assert len(setups[0].symbols) == 8
    assert all(price.spread is None for price in setups[0].pricing)


def test_both_drivers_trade_the_simulated_ticks_alike(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (plans, preparing):
        monkeypatch.setattr(module, "SIM_HISTORY", 900)
    monkeypatch.setattr(plans, "SIM_BARS", 90)
    plan = Plan(source="sim", params={"fast": "2", "slow": "5"})
    setup = prepare_plan(plan, Config(), tmp_path)
    swept, replayed = sweep(setup), replay(setup)
    assert swept.bars == replayed.bars >= 8 * 90
    assert replayed.halted == ""
    one, two = (
        summarise(run.outcome, setup, bars=run.bars, seconds=1.0) for run in (swept, replayed)
    )
    assert one["fills"] > 8
    assert one["digest"] == two["digest"]


def test_the_simulated_feed_begins_on_a_monday_morning(tmp_path: Path) -> None:
    plan = Plan(source="sim")
    assert plan.files() == []
    series = prepare_plan(plan, Config(), tmp_path).series
    first = min(int(each.time[0]) for each in series)
    start = parse_time("2010-03-01T13:00:00Z")
    assert start <= first < start + 60_000_000_000


@pytest.mark.parametrize(
    ("plan", "named"),
    [
        (Plan(source="sim", data=("x.parquet",)), "--data"),
        (Plan(source="sim", kind="square"), "'square'"),
        (Plan(source="sim", strength=2.0), "strength 2"),
        (Plan(seed=1), "--source sim"),
        (Plan(symbols=("EURUSD",)), "--source sim"),
        (Plan(source="sim", symbols=("EURSEK",)), "EURSEK"),
        (Plan(source="replay", data=("x.parquet",), kind="none"), "--source sim"),
    ],
)
def test_a_simulated_plan_that_contradicts_itself_is_refused(
    plan: Plan, named: str, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=named):
        prepare_plan(plan, Config(), tmp_path)

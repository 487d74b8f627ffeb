"""`assay backtest` as a person runs it: figures, files, and refusals in one line."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from assay.apps.cli.console import run
from assay.apps.cli.main import build
from assay.runtime.home import open_home

STEM = "eurusd_h1_sample_20170101_20171229"
KEYS = [
    "bars", "orders", "fills", "final_equity", "net_profit", "max_drawdown", "sharpe", "digest",
    "seconds", "bars_per_second", "denied", "sharpe_error", "trials_before", "clusters_before",
    "deflated_sharpe", "deflated_sharpe_clustered",
]  # fmt: skip
COLUMNS = {
    "orders": ["time", "symbol", "side", "quantity", "type", "price", "stop", "target", "order",
               "denied"],
    "fills": ["time", "symbol", "side", "quantity", "price", "commission", "swap", "profit",
              "order", "kind", "reason", "spread_cost", "slippage_cost"],
    "equity": ["time", "balance", "equity", "margin"],
}  # fmt: skip


@pytest.fixture(scope="module")
def hours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    whole = files("assay.market.history") / "sample" / f"{STEM}.parquet"
    path = tmp_path_factory.mktemp("hours") / f"{STEM}.parquet"
    pq.write_table(pq.read_table(str(whole)).slice(0, 1_500), path)
    return path


def call(folder: Path, *arguments: object) -> int:
    texts = [str(argument) for argument in arguments]
    return run(build(), ["backtest", *texts, "--home", str(folder / "home")])


def figures(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    shown = capsys.readouterr()
    assert shown.err == ""
    assert shown.out.count("\n") == 1
    found: dict[str, Any] = json.loads(shown.out)
    return found


def refusal(capsys: pytest.CaptureFixture[str]) -> str:
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("assay: error: ")
    assert shown.err.count("\n") == 1
    return shown.err


def test_json_has_the_keys_of_the_contract(
    hours: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(tmp_path, "--data", hours, "--strategy", "sma-cross", "--json") == 0
    found = figures(capsys)
    assert list(found) == KEYS
    assert found["bars"] == 1_500
    assert found["fills"] > 10
    assert found["net_profit"] == round(found["final_equity"] - 100_000, 2)
    assert 0 <= found["max_drawdown"] < 1
    assert len(found["digest"]) == 64
    assert {path.name for path in (tmp_path / "home").iterdir()} == {"home.json", "locks", "trials"}


def test_both_drivers_and_a_second_run_give_one_digest(
    hours: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    digests = set()
    for driver in ("sweep", "replay", "sweep"):
        code = call(tmp_path, "--data", hours, "--strategy", "sma-cross", "--json",
                    "--driver", driver, "--param", "fast=5", "--param", "slow=15")  # fmt: skip
        assert code == 0
        found = figures(capsys)
        digests.add((found["digest"], found["final_equity"], found["orders"]))
    assert len(digests) == 1


def test_options_reach_the_engine(
    hours: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shared = ("--data", hours, "--strategy", "sma-cross", "--json")
    assert call(tmp_path, *shared) == 0
    plain = figures(capsys)
    for option, value in (("--units", 20_000), ("--spread-pips", 3), ("--commission-bp", 2),
                          ("--slippage-points", 4), ("--cash", 50_000)):  # fmt: skip
        assert call(tmp_path, *shared, option, value) == 0
        found = figures(capsys)
        assert found["digest"] != plain["digest"], option
        assert found["fills"] == plain["fills"]
    assert call(tmp_path, *shared, "--units", 2_000_000, "--risk", "default") == 0
    assert figures(capsys)["denied"] > 0


def _releases(folder: Path) -> Path:
    """Return a calendar with a release of the dollar at every second hour of early 2017."""
    days = [f"2017-{month:02d}-{day:02d}" for month in (1, 2, 3) for day in range(1, 29)]
    rows = [f"{day}T{hour:02d}:00:00Z,USD,High,Figures" for day in days for hour in range(0, 24, 2)]
    path = folder / "calendar.csv"
    path.write_text("\n".join(["time,currency,importance,event", *rows]), encoding="utf-8")
    return path


def test_a_calendar_makes_the_modelled_spread_dearer(
    hours: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_of = ("--data", hours, "--strategy", "breakout", "--risk", "reference", "--json")
    near = ("--calendar", _releases(tmp_path))
    assert call(tmp_path, *run_of) == 0
    usual = figures(capsys)
    digests = []
    for driver in ("sweep", "replay"):
        assert call(tmp_path, *run_of, *near, "--driver", driver) == 0
        dearer = figures(capsys)
        assert dearer["net_profit"] < usual["net_profit"]
        digests.append(dearer["digest"])
    assert digests[0] == digests[1] != usual["digest"]
    assert call(tmp_path, "--data", hours, "--strategy", "sma-cross", *near) == 2
    assert "leave out --calendar" in refusal(capsys)
    assert call(tmp_path, *run_of, "--calendar", hours) == 3
    assert "no column currency, importance, event among" in refusal(capsys)


@pytest.mark.parametrize("driver", ["sweep", "replay"])
def test_out_writes_tables_and_report(
    hours: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], driver: str
) -> None:
    out = tmp_path / "made" / "here"
    code = call(tmp_path, "--data", hours, "--strategy", "sma-cross", "--json", "--out", out,
                "--driver", driver)  # fmt: skip
    assert code == 0
    found = figures(capsys)
    logs = {"events.msgpack"} if driver == "replay" else set()
    assert {path.name for path in out.iterdir()} == {
        "orders.parquet", "fills.parquet", "equity.parquet", "trades.parquet",
        "execution.parquet", "run.json", "report.html", *logs,
    }  # fmt: skip
    tables = {name: pq.read_table(out / f"{name}.parquet") for name in COLUMNS}
    assert {name: table.column_names for name, table in tables.items()} == COLUMNS
    assert tables["orders"].num_rows == found["orders"] + found["denied"]
    assert tables["fills"].num_rows == found["fills"]
    assert tables["equity"].num_rows == found["bars"]
    assert tables["equity"]["equity"][-1].as_py() == pytest.approx(found["final_equity"])
    assert set(tables["fills"]["kind"].to_pylist()) == {"modelled"}
    keys = set(tables["orders"]["order"].to_pylist())
    assert set(tables["fills"]["order"].to_pylist()) <= keys
    profit = sum(tables["fills"]["profit"].to_pylist())
    costs = sum(tables["fills"]["commission"].to_pylist())
    balance = tables["equity"]["balance"][-1].as_py()
    assert balance == pytest.approx(100_000 + profit - costs)
    report = (out / "report.html").read_text()
    assert found["digest"] in report
    assert not re.search(r'(src|href)="https?:', report)


def test_the_tables_of_both_drivers_are_equal(
    hours: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for driver in ("sweep", "replay"):
        code = call(tmp_path, "--data", hours, "--strategy", "breakout", "--json",
                    "--out", tmp_path / driver, "--driver", driver)  # fmt: skip
        assert code == 0
        assert figures(capsys)["fills"] > 10
    for name in COLUMNS:
        left, right = (
            pq.read_table(tmp_path / driver / f"{name}.parquet") for driver in ("sweep", "replay")
        )
        assert left.equals(right), name


def test_people_read_lines(hours: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(tmp_path, "--data", hours, "--strategy", "sma-cross") == 0
    shown = capsys.readouterr().out
    assert "final equity" in shown
    assert "digest" in shown


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--strategy", "no-such"], "sma-cross"),
        (["--strategy", "sma-cross", "--param", "fast"], "name=value"),
        (["--strategy", "sma-cross", "--param", "speed=3"], "it has fast, slow, units"),
        (["--strategy", "sma-cross", "--param", "fast=many"], "whole number"),
        (["--strategy", "sma-cross", "--param", "fast=0"], "below 1"),
        (["--strategy", "sma-cross", "--units", "0"], "units"),
        (["--strategy", "sma-cross", "--spread-pips", "wide"], "not a number"),
        (["--strategy", "sma-cross", "--spread-pips", "-1"], ">= 0"),
        (["--strategy", "sma-cross", "--spread-pips", "0.00001"], "finer"),
        (["--strategy", "sma-cross", "--commission-bp", "nan"], ">= 0"),
        (["--strategy", "sma-cross", "--cash", "-5"], ">= 0"),
        (["--strategy", "sma-cross", "--risk", "none"], "default"),
        (["--strategy", "sma-cross", "--driver", "fast"], "sweep or replay"),
        (["--strategy", "sma-cross", "--no-such-flag"], "--help"),
        ([], "--strategy"),
    ],
)  # fmt: skip
def test_wrong_arguments_are_refused_in_one_line(
    hours: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], says: str
) -> None:
    out = tmp_path / "out"
    assert call(tmp_path, "--data", hours, "--out", out, "--json", *arguments) == 2
    assert says in refusal(capsys)
    assert not out.exists()


def test_the_same_symbol_twice_and_a_missing_leg_are_usage_errors(
    hours: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    twice = ("--data", hours, "--data", hours, "--strategy", "sma-cross")
    assert call(tmp_path, *twice) == 2
    assert "twice" in refusal(capsys)
    crossed = tmp_path / "eurgbp_h1_made_20170101_20171229.parquet"
    crossed.write_bytes(hours.read_bytes())
    assert call(tmp_path, "--data", crossed, "--strategy", "sma-cross") == 2
    assert "GBPUSD" in refusal(capsys)


def _damaged(hours: Path, folder: Path) -> dict[str, Path]:
    good, table = hours.read_bytes(), pq.read_table(hours)
    holes = table.set_column(1, "open", pa.nulls(len(table), pa.float64()))
    found = {name: folder / name / hours.name for name in
             ("empty", "text", "cut", "flipped", "columns", "rows", "holes")}  # fmt: skip
    for path in found.values():
        path.parent.mkdir()
    found["empty"].write_bytes(b"")
    found["text"].write_bytes(b"time,open,high,low,close\n" * 20)
    found["cut"].write_bytes(good[: len(good) // 2])
    found["flipped"].write_bytes(good[:200] + bytes(300) + good[500:])
    pq.write_table(table.drop_columns(["close"]), found["columns"])
    pq.write_table(table.slice(0, 0), found["rows"])
    pq.write_table(holes, found["holes"])
    return found


@pytest.mark.parametrize(
    "name", ["empty", "text", "cut", "flipped", "columns", "rows", "holes", "absent", "folder"]
)
def test_bad_files_are_refused_in_one_line(
    hours: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    paths = _damaged(hours, tmp_path)
    paths["absent"], paths["folder"] = tmp_path / f"x{STEM}.parquet", tmp_path
    path, out = paths[name], tmp_path / "out"
    code = call(tmp_path, "--data", path, "--strategy", "sma-cross", "--json", "--out", out)
    line = refusal(capsys)
    assert (code, str(path) in line) == (3, True), line
    assert not out.exists()


def test_a_place_that_cannot_be_written_is_named(
    hours: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    taken = tmp_path / "taken"
    taken.write_text("a file, not a folder")
    assert call(tmp_path, "--data", hours, "--strategy", "sma-cross", "--out", taken) == 4
    assert str(taken) in refusal(capsys)
    assert taken.read_text() == "a file, not a folder"


def test_a_strategy_in_plain_python_needs_the_replay_driver(
    hours: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    open_home(tmp_path / "home")
    folder = tmp_path / "home" / "strategies"
    folder.mkdir(exist_ok=True)
    (folder / "plain.py").write_text(PLAIN)
    shared = ("--data", hours, "--strategy", "plain", "--json")
    assert call(tmp_path, *shared) == 2
    assert "--driver replay" in refusal(capsys)
    assert call(tmp_path, *shared, "--driver", "replay") == 0
    assert figures(capsys)["fills"] > 5


PLAIN = '''"""Turn every fifty bars."""

PARAMETERS = {"units": 1_000}


def memory_words(params):
    return 1


def decide(memory, event, position, params, intent):
    memory[0] += 1
    if memory[0] % 50 == 0:
        intent["action"] = 1
        intent["quantity"] = -params[0] if position["quantity"] > 0 else params[0]
'''

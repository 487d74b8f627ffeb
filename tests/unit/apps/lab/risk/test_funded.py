"""`assay prop` and `assay band`, as a person runs them on backtests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from assay.apps.cli.console import run
from assay.apps.cli.main import build
from assay.apps.lab.risk.prop import run_days
from assay.apps.lab.risk.recorded import daily_profits, read_run
from assay.model.time import DAY, HOUR, parse_time
from assay.runtime.ids import seeded_generator
from assay.trading.risk.prop import parse_profile

PROFILE = """
zone = "Europe/Prague"
[daily_loss]
percent = 5
[maximum_loss]
percent = 10
[[phases]]
name = "evaluation"
target_percent = 2
minimum_days = 2
"""


def call(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    code = run(build(), [str(word) for word in words])
    shown = capsys.readouterr()
    return code, shown.out, shown.err


def told(capsys: pytest.CaptureFixture[str], *words: object) -> dict[str, Any]:
    code, out, err = call(capsys, *words, "--json")
    assert (code, err) == (0, ""), err
    found: dict[str, Any] = json.loads(out)
    return found


def write_run(folder: Path, equity: np.ndarray, balance: np.ndarray, fills: list[Any]) -> Path:
    """Write a run of hours from 2017-03-20 (UTC), and fills of (hour, side, units, profit)."""
    folder.mkdir()
    start = parse_time("2017-03-20T00:00:00")
    times = start + np.arange(1, len(equity) + 1) * HOUR
    stamp = pa.timestamp("ns", tz="UTC")
    pq.write_table(
        pa.table({"time": pa.array(times, stamp), "balance": balance, "equity": equity}),
        folder / "equity.parquet",
    )
    hours, sides, units, profits = zip(*fills, strict=True)
    columns = {
        "time": pa.array([start + hour * HOUR for hour in hours], stamp),
        "symbol": ["EURUSD"] * len(fills), "side": list(sides),
        "quantity": np.array(units, dtype=float), "profit": np.array(profits, dtype=float),
        "commission": np.zeros(len(fills)),
    }  # fmt: skip
    pq.write_table(pa.table(columns), folder / "fills.parquet")
    return folder


@pytest.fixture
def profile(tmp_path: Path) -> Path:
    path = tmp_path / "funded.toml"
    path.write_text(PROFILE)
    return path


ROUND = [(2, "buy", 100_000, 0), (40, "sell", 100_000, 2_100)]


def test_a_run_that_earns_the_target_passes(
    tmp_path: Path, profile: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    balance = np.where(np.arange(1, 73) < 40, 100_000.0, 102_100.0)
    found = write_run(tmp_path / "run", balance, balance, ROUND)
    shown = told(capsys, "prop", "check", "--run", found, "--profile", profile,
                 "--home", tmp_path / "home")  # fmt: skip
    assert (shown["verdict"], shown["initial"], shown["gain"]) == ("passed", 100_000.0, 2_100.0)
    assert shown["phases_passed"] == ["2017-03-21T16:00:00Z"]
    assert shown["breach"] is None


def test_a_run_that_loses_too_much_in_a_day_is_told_when_and_how(
    tmp_path: Path, profile: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    equity = np.full(72, 100_000.0)
    equity[30:] = 95_000.0
    equity[20:30] = 95_900.0
    found = write_run(tmp_path / "run", equity, np.full(72, 100_000.0), ROUND[:1])
    words = ("prop", "check", "--run", found, "--profile", profile, "--home", tmp_path / "home")
    shown = told(capsys, *words)
    assert shown["breach"] == {
        "at": "2017-03-21T07:00:00Z", "rule": "daily_loss", "value": "equity 95,000.00",
        "limit": "above 95,000.00",
    }  # fmt: skip
    # 4,100 of 5,000 are past our stop, on the day before and again on the next.
    assert shown["daily_stops"] == 1
    assert shown["worst_use"]["maximum_loss"] == pytest.approx(0.5)
    code, out, _ = call(capsys, *words)
    assert (code, out.splitlines()[0].split(",")[0]) == (0, "breached")


def test_the_days_of_a_run_are_the_firms(tmp_path: Path) -> None:
    hours = 24 * 30
    equity = 100_000 + 1_000 * np.sin(np.arange(hours) / 7.0).round(3)
    balance = np.full(hours, 100_000.0)
    found = read_run(write_run(tmp_path / "run", equity, balance, ROUND))
    days = run_days(found, parse_profile(PROFILE), found.initial)
    # 23:00 UTC ends a day until the 26th, 22:00 from then on.
    ends = [23 + 24 * day - (day > 5) for day in range(30)] + [hours]
    worth = np.concatenate(([100_000.0], equity))
    assert len(days.change) == 31
    begin = 0
    for number, end in enumerate(ends):
        rows = worth[begin : end + 1] - worth[begin]
        assert days.change[number] == pytest.approx(rows[-1] / 100_000)
        assert days.low[number] == pytest.approx(rows.min() / 100_000)
        assert days.high[number] == pytest.approx(rows.max() / 100_000)
        falls = [rows[: k + 1].max() - rows[k] for k in range(len(rows))]
        assert days.fall[number] == pytest.approx(max(falls) / 100_000)
        assert days.behind[number] == pytest.approx((100_000 - worth[end]) / 100_000)
        begin = end
    assert np.flatnonzero(days.traded).tolist() == [0, 1]


def test_simulated_fates_repeat_and_are_drawn(
    tmp_path: Path, profile: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    moves = seeded_generator(4).normal(4.0, 120.0, 24 * 40)
    equity = 100_000 + np.cumsum(moves).round(2)
    found = write_run(tmp_path / "run", equity, equity, ROUND)
    words = ("prop", "simulate", "--run", found, "--profile", profile, "--paths", 2_000,
             "--days", 60, "--home", tmp_path / "home")  # fmt: skip
    shown = told(capsys, *words, "--out", tmp_path / "fate")
    for name in ("as_traded", "with_stops"):
        chances = shown[name]["chances"]
        assert sum(chances.values()) == pytest.approx(1.0)
        for end, (low, high) in shown[name]["intervals"].items():
            assert 0 <= low <= high <= 1, end
        assert chances["passed"] > 0.2, name
    assert shown["as_traded"]["chances"]["held"] == 0
    assert [Path(path).read_text()[:4] for path in shown.pop("charts")] == ["<svg", "<svg"]
    assert told(capsys, *words) == shown


def test_a_worse_broker_falls_out_of_the_band(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    generator = seeded_generator(6)
    past, live = (100_000 + np.cumsum(generator.normal(shift, 40.0, 24 * 100)).round(2)
                  for shift in (0.0, -10.0))  # fmt: skip
    before = write_run(tmp_path / "past", past, past, ROUND)
    after = write_run(tmp_path / "live", live, live, ROUND)
    home = ("--home", tmp_path / "home")
    shown = told(
        capsys, "band", "--evidence", before, "--live", after, "--out", tmp_path / "band", *home
    )  # fmt: skip
    assert (shown["evidence_days"], shown["days"], shown["size"]) == (101, 101, 0.0)
    assert [one["size"] for one in shown["verdicts"]] in ([0.5, 0.0], [0.0])
    assert Path(shown["charts"][0]).read_text().startswith("<svg")
    itself = told(capsys, "band", "--evidence", before, "--live", before, *home)
    assert itself["verdicts"] == []
    assert itself["profit"] == pytest.approx(itself["expected"])


def test_daily_profits_add_up(tmp_path: Path) -> None:
    equity = 100_000 + np.arange(1.0, 24 * 3 + 1)
    found = read_run(write_run(tmp_path / "run", equity, equity, [(30, "buy", 1_000, 0.0)]))
    times, profits = daily_profits(found)
    assert profits.sum() == found.equity[-1] - found.initial
    assert (np.diff(times // DAY) == 1).all()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("prop", "check", "--run", "nowhere"), "holds no equity.parquet"),
        (("prop", "simulate", "--run", "nowhere"), "holds no equity.parquet"),
    ],
)
def test_a_folder_without_a_run_is_named(
    tmp_path: Path, profile: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...],
    says: str,
) -> None:  # fmt: skip
    code, _, err = call(capsys, *words, "--profile", profile, "--home", tmp_path / "home")
    assert (code, says in err) == (2, True), err

"""`assay portfolio`, as a person runs it."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from assay.apps.cli.console import run
from assay.apps.cli.main import build
from assay.apps.lab.accounts.portfolio import align_returns
from assay.market.series import BarSeries
from assay.market.sources.parquet import read_parquet
from assay.model.time import DAY

STEM = "eurusd_h1_sample_20170101_20171229"


def told(capsys: pytest.CaptureFixture[str], *words: object) -> dict[str, Any]:
    code = run(build(), [str(word) for word in (*words, "--json")])
    shown = capsys.readouterr()
    assert (code, shown.err) == (0, ""), shown.err
    found: dict[str, Any] = json.loads(shown.out)
    return found


@pytest.fixture
def market(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> list[Path]:
    found = told(
        capsys, "simulate", "--bars", 2_400, "--timeframe", "H1", "--kind", "none", "--horizon", 1,
        "--symbols", "EURUSD,USDJPY,XAUUSD", "--out", tmp_path / "market",
    )  # fmt: skip
    return [Path(path) for path in found["files"]]


def test_targets_and_orders_of_three_files(
    tmp_path: Path, market: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    data = [word for path in market for word in ("--data", path)]
    words = ("portfolio", "targets", *data, "--short", "USDJPY", "--equity", 50_000,
             "--held", "XAUUSD=40", "--home", tmp_path / "home")  # fmt: skip
    found = told(capsys, *words)
    weights = {one["symbol"]: one["weight"] for one in found["targets"]}
    assert sum(abs(weight) for weight in weights.values()) == pytest.approx(1.0)
    assert weights["USDJPY"] < 0 < weights["EURUSD"]
    assert [one["risk_share"] for one in found["targets"]] == pytest.approx([1 / 3] * 3, rel=1e-4)
    for one in found["orders"]:
        low, high = sorted((one["weight"], one["target"]))
        assert low <= one["after"] <= high
    assert {one["symbol"]: one["side"] for one in found["orders"]} == {
        "EURUSD": "buy", "USDJPY": "sell", "XAUUSD": "sell",
    }  # fmt: skip
    assert found["equity"] == 50_000.0


def test_returns_are_of_the_days_that_all_have(market: list[Path]) -> None:
    series = [read_parquet(path) for path in market]
    assert all(isinstance(one, BarSeries) for one in series)
    bars = [one for one in series if isinstance(one, BarSeries)]
    cut = bars[0].select(bars[0].ts_open >= bars[0].ts_open[0] + 20 * DAY)
    returns, (first, last) = align_returns([cut, *bars[1:]], "day")
    assert first >= int(cut.ts_open[0]) // DAY * DAY
    assert last // DAY - first // DAY >= len(returns)
    plain = cut.close.astype(float)
    plain += 0 if cut.ask_close is None else (cut.ask_close - cut.close) / 2
    # A bar belongs to the day in which its last moment falls.
    days = (cut.ts_open + int(cut.timeframe) - 1) // DAY
    ends = [plain[days == day][-1] for day in np.unique(days)]
    assert returns[:5, 0] == pytest.approx(np.array(ends[1:6]) / np.array(ends[:5]) - 1)


def test_a_replayed_run_is_worth_what_the_engine_marked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = pq.read_table(str(files("assay.market.history") / "sample" / f"{STEM}.parquet"))
    data = tmp_path / f"{STEM}.parquet"
    pq.write_table(table.slice(0, 900), data)
    strategy = "breakout"
    out = tmp_path / strategy
    figures = told(
        capsys, "backtest", "--data", data, "--strategy", strategy, "--driver", "replay",
        "--out", out, "--home", tmp_path / "home",
    )  # fmt: skip
    found = told(capsys, "portfolio", "show", "--run", out, "--home", tmp_path / "home")
    assert (found["agrees"], found["unpriced"]) == (True, [])
    assert found["equity"] == figures["final_equity"]
    assert found["by_strategy"][strategy]["fills"] == figures["fills"]
    assert found["total"]["net"] == pytest.approx(figures["net_profit"])
    assert found["cash"] == 100_000.0

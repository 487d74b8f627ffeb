"""Tear sheets and the look-ahead analysis on markets as they were, ticks and twelve years."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from assay.apps.cli.console import run
from assay.apps.cli.main import build
from assay.apps.lab.backtests.backtest import Request
from assay.apps.lab.backtests.folder import read_run
from assay.apps.lab.backtests.lookahead import LookaheadRequest, look_ahead

YEARS = ("audusd_h1_histdata_20100103_20211231", "usdcad_h1_histdata_20100103_20211231")
TICKS = "eurusd_tick_dukascopy_20190204_20190205"


def test_twelve_years_of_two_symbols_are_told_without_a_remainder(
    shared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = [f"--data={shared / 'data' / 'bars' / f'{name}.parquet'}" for name in YEARS]
    out, home = tmp_path / "out", f"--home={tmp_path / 'home'}"
    words = ["backtest", *data, "--strategy=breakout", f"--out={out}", home]
    assert run(build(), words) == 0
    capsys.readouterr()
    assert run(build(), ["tearsheet", str(out), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    record = read_run(out)
    assert told["net_profit"] == pytest.approx(record.figures["net_profit"])
    costs = told["costs"]
    assert costs["spread_cost"] == pytest.approx(sum(line.spread for line in record.quality))
    # What is open at the end is in the equity and in no closed trade.
    final = record.result.balance[-1] / 100 - 100_000
    assert sum(trade.net for trade in record.trades) == pytest.approx(final, abs=0.01)
    html = (out / "tearsheet.html").read_text()
    assert [f'<th scope="row">{year}</th>' in html for year in range(2010, 2022)] == [True] * 12


def test_no_strategy_of_ours_sees_the_future_of_real_ticks_or_hours(shared: Path) -> None:
    folder = shared / "data"
    for data, params in (
        ([folder / "ticks" / f"{TICKS}.parquet"], {"fast": "5", "slow": "12"}),
        ([folder / "bars" / f"{name}.parquet" for name in YEARS], {}),
    ):
        asked = Request(data=data, strategy="sma-cross", params=params)
        found = look_ahead(LookaheadRequest(run=asked, cuts=8))
        assert found.is_clean, found
        assert found.orders > 100

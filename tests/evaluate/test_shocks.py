"""Stylised shocks lie near what markets did: their worst, and where they came to rest."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from assay.apps.lab.robustness.shocks import SHOCKS, Shock
from assay.market.series import BarSeries
from assay.market.sources.parquet import read_parquet
from assay.model.time import HOUR, MINUTE, parse_time


def bars(shared: Path, name: str) -> BarSeries:
    (path,) = (shared / "data" / "bars").glob(f"{name}.parquet")
    found = read_parquet(path)
    assert isinstance(found, BarSeries)
    return found


def moves(series: BarSeries, shock: Shock, hours: float) -> tuple[float, float]:
    """Return the lowest price and the last close beside the last close before the strike."""
    at = parse_time(shock.when.replace(" ", "T") + ":00Z")
    closes = series.ts_open + int(series.timeframe)
    before = int(np.flatnonzero(closes <= at)[-1])
    after = (closes > at) & (closes <= at + int(hours * HOUR))
    level = float(series.close[before])
    return float(series.low[after].min()) / level - 1, float(series.close[after][-1]) / level - 1


@pytest.mark.parametrize(
    ("name", "data", "hours"),
    [
        ("sterling", "gbpusd_h1_ejtrader_*", 12), ("yen", "usdjpy_m1_histdata_*", 1),
        ("yen", "usdjpy_h1_ejtrader_*", 2),
    ],
)  # fmt: skip
def test_a_path_has_the_worst_and_the_rest_of_what_happened(
    shared: Path, name: str, data: str, hours: float
) -> None:
    shock = SHOCKS[name]
    worst, rest = moves(bars(shared, data), shock, hours)
    minutes = np.linspace(0, hours * HOUR / MINUTE, 2_000)
    path = shock.move(minutes)
    assert path.min() == pytest.approx(worst, rel=0.15)
    assert path[-1] == pytest.approx(rest, rel=0.35)


def test_the_franc_rose_as_much_against_the_euro_by_way_of_the_dollar(shared: Path) -> None:
    # EUR/CHF itself is not there: EUR/USD times USD/CHF at the close of the same hour is.
    names = ("eurusd_h1_lean-oanda_*", "usdchf_h1_ejtrader_*")
    euro, franc = (bars(shared, name) for name in names)
    at = parse_time("2015-01-15T09:00:00Z")
    levels = []
    for moment in (at - HOUR, at + 9 * HOUR):
        pair = [float(one.close[one.ts_open == moment][0]) for one in (euro, franc)]
        levels.append(pair[0] * pair[1])
    rest = SHOCKS["franc"].move(np.array([9.0 * 60]))[0]
    assert rest == pytest.approx(levels[1] / levels[0] - 1, abs=0.04)

"""What the year 2018 says of four instruments, and of a given and a made dollar."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from assay.apps.lab.markets.correlations import CorrelationRequest, Correlations, find_correlations
from assay.model.time import Timeframe, parse_time
from assay.signals.correlation import Estimator, proxy_weights

YEARS = "histdata_20180101_20191231"


def correlate(
    shared: Path, names: list[str], *span: str, timeframe: Timeframe, window: int = 500
) -> Correlations:
    start, end = map(parse_time, span)
    request = CorrelationRequest(
        data=[shared / "data/bars" / f"{name}.parquet" for name in names], start=start, end=end,
        estimator=Estimator(window=window), timeframes=[timeframe],
    )  # fmt: skip
    return find_correlations(request)[0]


def test_hours_of_2018_are_those_of_numpy_and_of_the_textbook(shared: Path) -> None:
    names = [f"{symbol}_m1_{YEARS}" for symbol in ("eurusd", "gbpusd", "usdjpy", "xauusd")]
    found = correlate(shared, names, "2018-01-01", "2019-01-01", timeframe=Timeframe.H1)
    analysis, coverage = found.analysis, found.analysis.returns.coverage
    assert analysis.returns.symbols == ("EURUSD", "GBPUSD", "USDJPY", "XAUUSD")
    assert coverage.closes - coverage.shared >= max(coverage.absent.values()) > 0
    assert coverage.closes - 1 == (
        len(analysis.returns) + coverage.after_absence + coverage.after_pause
    )
    rows = analysis.returns.values
    assert np.allclose(analysis.matrix.correlation, np.corrcoef(rows[-500:].T), atol=1e-9)
    whole = {each.pair: each.whole for each in analysis.stability}
    assert whole["EURUSD", "GBPUSD"].low > 0.5
    assert whole["EURUSD", "USDJPY"].high < 0
    assert whole["USDJPY", "XAUUSD"].high < 0
    assert all(each.effective_n < len(rows) for each in whole.values())
    branches = {branch.pair for branch in analysis.graph.tree}
    assert ("EURUSD", "GBPUSD") in branches
    assert not any(each.leads for each in analysis.leads.tests)


def test_minutes_of_a_quarter_find_what_the_hours_find(shared: Path) -> None:
    names = [f"{symbol}_m1_{YEARS}" for symbol in ("eurusd", "gbpusd", "usdjpy", "xauusd")]
    found = correlate(shared, names, "2018-01-01", "2018-04-01", timeframe=Timeframe.M1)
    for each in found.analysis.stability:
        assert np.sign(each.whole.correlation) == (-1 if "USDJPY" in each.pair else 1)
    assert found.analysis.returns.coverage.absent["XAUUSD"] > 1000


def test_the_proxy_of_five_pairs_moves_as_the_index_does(shared: Path) -> None:
    weights = proxy_weights()
    names = [f"{symbol.lower()}_m1_{YEARS}" for symbol in weights]
    names.append("dxy_h1_mt5b_20191213_20211231")
    found = correlate(shared, names, "2019-12-13", "2020-01-01", timeframe=Timeframe.H1, window=100)
    assert (found.analysis.dollar.kind, found.analysis.dollar.symbol) == ("index", "DXY")
    rows = found.analysis.returns.values
    made = rows[:, :5] @ np.array(list(weights.values()))
    assert np.corrcoef(made, rows[:, 5])[0, 1] > 0.9
    betas = {each.symbol: each.beta for each in found.analysis.exposures}
    assert max(betas["EURUSD"], betas["GBPUSD"]) < 0 < min(betas["USDCHF"], betas["USDCAD"])

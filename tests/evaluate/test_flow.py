"""Order flow of real quotes: equal to plain Python to the bit, and what it goes with."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from assay.market.bars import ticks_to_bars
from assay.market.series import BarSeries, TickSeries
from assay.market.sources.parquet import read_parquet, write_parquet
from assay.model.errors import UsageError
from assay.model.time import MINUTE, Timeframe
from assay.signals.features import BarColumns, check_inputs
from assay.signals.features.flow import flow_set
from assay.signals.streams.plan import use
from assay.signals.streams.stream import compute_indicators
from tests.unit.market.plain_flow import plain_flow
from tests.unit.market.test_flow import as_told, flow_of

SIZED = "eurusd_tick_dukascopy_20190204_20190205"
UNSIZED = (
    "eurusd_tick_histdata_20200101_20200102", "eurusd_tick_lean-oanda_20140501_20140509",
    "usdjpy_tick_nautilus-truefx_20130101_20130101",
)  # fmt: skip


def read_ticks(shared: Path, name: str) -> TickSeries:
    ticks = read_parquet(shared / "data" / "ticks" / f"{name}.parquet")
    assert isinstance(ticks, TickSeries)
    return ticks


def columns_of(bars: BarSeries) -> BarColumns:
    assert bars.ask_close is not None
    return BarColumns(
        bars.ts_open + int(bars.timeframe), bars.open, bars.high, bars.low, bars.close,
        bars.ask_close - bars.close, flow=bars.flow,
    )  # fmt: skip


def rank_correlation(one: np.ndarray, other: np.ndarray) -> float:
    """Return Spearman's correlation, ties sharing their mean rank."""
    ranks = []
    for values in (one, other):
        _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
        ranks.append((np.cumsum(counts) - (counts - 1) / 2)[place])
    return float(np.corrcoef(*ranks)[0, 1])


@pytest.mark.parametrize("frame", [Timeframe.M1, Timeframe.M5])
def test_real_flow_is_what_plain_python_makes_of_it(
    shared: Path, frame: Timeframe, tmp_path: Path
) -> None:
    ticks = read_ticks(shared, SIZED)
    bars = ticks_to_bars(ticks, frame)
    told = as_told(flow_of(bars))
    assert told == plain_flow(ticks, frame)
    assert not any(None in row for row in told)
    path = tmp_path / f"eurusd_{frame.name.lower()}_made.parquet"
    write_parquet(bars, path)
    back = read_parquet(path)
    assert isinstance(back, BarSeries)
    assert np.array_equal(flow_of(back), flow_of(bars))


@pytest.mark.parametrize("name", UNSIZED)
def test_feeds_that_write_0_for_a_size_have_none(shared: Path, name: str) -> None:
    ticks = read_ticks(shared, name)
    assert ticks.bid_size is None
    bars = ticks_to_bars(ticks, Timeframe.M1)
    values = compute_indicators([use("order_flow_imbalance"), use("micro_price")], columns_of(bars))
    assert np.isnan(values).all()
    (paced,) = compute_indicators([use("quote_intensity", period=1)], columns_of(bars))[:, 0:1].T
    assert paced.sum() == len(ticks)
    with pytest.raises(UsageError, match=r"flow\.1 reads inputs the feed lacks"):
        check_inputs(flow_set(MINUTE), bars.flow, ticks.symbol)


@pytest.mark.parametrize(
    ("frame", "same", "following"),
    [(Timeframe.M1, 0.8003, -0.0257), (Timeframe.M5, 0.7567, -0.0963)],
    ids=["m1", "m5"],
)
def test_flow_goes_with_the_move_of_its_own_bar_and_hardly_with_the_next(
    shared: Path, frame: Timeframe, same: float, following: float
) -> None:
    bars = ticks_to_bars(read_ticks(shared, SIZED), frame)
    columns = columns_of(bars)
    flow = compute_indicators([use("order_flow_imbalance", period=1)], columns)[:, 0]
    moves = np.diff(2 * columns.close + columns.spread)
    # The figures that docs/microstructure.md shows.
    assert rank_correlation(flow[1:], moves) == pytest.approx(same, abs=0.0005)
    assert rank_correlation(flow[1:-1], moves[1:]) == pytest.approx(following, abs=0.0005)

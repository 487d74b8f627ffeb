"""The modelled spread: hours of the week, and wider near a release."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from assay.apps.lab.runs.setup import Costs, prepare
from assay.market.news import Importance, Release
from assay.market.series import BarSeries
from assay.market.spreads import (
    HOURS_A_WEEK,
    hour_of_week,
    news_factors,
    spread_pips,
    spread_points,
    spread_table,
)
from assay.market.spreads.proximity import EDGES, factor_at, factor_over
from assay.model.errors import UsageError
from assay.model.instruments import instrument_for
from assay.model.time import HOUR, MINUTE, SECOND, Timeframe, parse_time
from assay.trading.engine.loading import load_strategy

PAYROLLS = parse_time("2014-05-02T12:30")
RELEASES = [Release(PAYROLLS, "USD", Importance.HIGH, "Nonfarm Payrolls")]
FACTORS = np.array([2.0, 3.0, 10.0, 4.0, 1.5, 1.25])


def bars(symbol: str, start: int, count: int, timeframe: Timeframe = Timeframe.M1) -> BarSeries:
    """Return bars that stand still at 1 (10^5 points)."""
    still = np.full(count, 100_000, np.int64)
    return BarSeries(
        symbol=symbol, timeframe=timeframe, side="bid", source="generated",
        digits=instrument_for(symbol).digits, open=still, high=still, low=still, close=still,
        ts_open=start + np.arange(count) * int(timeframe), fold=np.zeros(count, np.bool_),
    )  # fmt: skip


def test_the_table_is_whole() -> None:
    table = spread_table()
    assert table.minutes == EDGES
    assert table.hours.keys() == table.news.keys() == {"EURUSD", "XAUUSD"}
    for symbol, hours in table.hours.items():
        news = table.news[symbol]
        assert len(hours) == HOURS_A_WEEK
        assert min(hours) > 0
        assert len(news.factors) == len(news.releases) == len(news.seconds) == len(EDGES) - 1
        assert min(news.factors) >= 1
        assert max(news.factors) == news.factors[EDGES.index(0)] > 1.2
        assert min(news.releases) >= 5


def test_other_instruments_take_the_shape_of_a_major() -> None:
    assert (spread_pips("GBPUSD") == spread_pips("EURUSD") * 1.5).all()
    assert (spread_pips("XAGUSD") == spread_pips("XAUUSD.mini")).all()
    assert (news_factors("AUDNZD") == news_factors("EURUSD")).all()
    assert (news_factors("XAGUSD") == news_factors("XAUUSD.micro")).all()
    assert (news_factors("XAUUSD") != news_factors("EURUSD")).any()


@pytest.mark.parametrize(
    ("minutes", "factor"),
    [(-6, 1), (-5, 2), (-1.01, 2), (-1, 3), (-0.01, 3), (0, 10), (0.99, 10), (1, 4), (4.99, 4),
     (5, 1.5), (15, 1.25), (29.99, 1.25), (30, 1)],
)  # fmt: skip
def test_each_bucket_holds_its_first_bound(minutes: float, factor: float) -> None:
    at = np.array([PAYROLLS + int(minutes * MINUTE)])
    assert factor_at(at, np.array([PAYROLLS]), FACTORS).tolist() == [factor]


def test_of_two_releases_the_greater_factor_holds() -> None:
    both = np.array([PAYROLLS, PAYROLLS + 6 * MINUTE])
    at = PAYROLLS + np.array([2, 6, 8], np.int64) * MINUTE
    assert factor_at(at, both, FACTORS).tolist() == [4, 10, 4]
    alone = factor_at(at, both[:1], FACTORS)
    assert alone.tolist() == [4, 1.5, 1.5]


def test_a_bar_takes_its_open_or_its_average() -> None:
    hour = PAYROLLS - 30 * MINUTE
    at = np.array([hour - HOUR, hour, PAYROLLS, hour + HOUR])
    found = factor_over(at, HOUR, np.array([PAYROLLS]), FACTORS)
    extra = 4 * 1 + 1 * 2 + 1 * 9 + 4 * 3 + 10 * 0.5 + 15 * 0.25
    assert found == pytest.approx([1, 1 + extra / 60, 10, 1])


def test_the_average_over_bars_is_that_of_their_seconds() -> None:
    rng = np.random.default_rng(5)
    releases = np.unique(PAYROLLS + rng.integers(0, 600, 20) * 20 * SECOND)
    start = PAYROLLS + np.arange(-40, 260, dtype=np.int64) * MINUTE
    seconds = start[:, None] + np.arange(5 * 60, dtype=np.int64) * SECOND
    each = factor_at(seconds.ravel(), releases, FACTORS).reshape(seconds.shape)
    expected = np.maximum(each[:, 0], each.mean(axis=1))
    assert factor_over(start, 5 * MINUTE, releases, FACTORS) == pytest.approx(expected)


def test_the_spread_is_wider_near_a_release_of_the_pairs_currencies_alone() -> None:
    for symbol in ("EURUSD", "XAUUSD"):
        spec, series = instrument_for(symbol), bars(symbol, PAYROLLS - 40 * MINUTE, 120)
        calm, near = spread_points(series, spec), spread_points(series, spec, RELEASES)
        usual = spread_pips(symbol)[hour_of_week(series.ts_open)] * spec.pip_points
        place = 40
        exact = usual[place] * news_factors(symbol)[EDGES.index(0)]
        assert abs(near[place] - exact) <= 1
        assert near[place] > calm[place]
        assert (near >= calm).all()
        assert (near % 2 == 0).all()
        far = [*range(34), *range(71, 120)]
        assert (near[far] == calm[far]).all()
    pound = bars("EURGBP", PAYROLLS - 40 * MINUTE, 120)
    spec = instrument_for("EURGBP")
    assert (spread_points(pound, spec, RELEASES) == spread_points(pound, spec)).all()


def test_a_run_charges_the_wider_spread() -> None:
    series = bars("EURUSD", PAYROLLS - 40 * MINUTE, 120)
    plain, near = (
        prepare([series], load_strategy("breakout"), given={}, costs=Costs(releases=releases))
        for releases in ((), RELEASES)
    )
    wider = near.events()["spread_open"] > plain.events()["spread_open"]
    assert wider[40]
    assert not wider[:34].any()


def test_a_calendar_without_use_is_refused(tmp_path: Path) -> None:
    series = bars("EURUSD", PAYROLLS, 60)
    costs = Costs(releases=RELEASES)
    with pytest.raises(UsageError, match="1 pip throughout"):
        prepare([series], load_strategy("sma-cross"), given={}, costs=costs)

"""Ratios, falls and rolling figures agree with plain loops over the days; intervals hold."""

from __future__ import annotations

from itertools import pairwise
from math import isclose, sqrt
from statistics import fmean, stdev

import numpy as np
import pytest

from assay.books.analytics.attribution import WEEKDAYS, attribute, hour_of, weekday_of
from assay.books.analytics.decisions import score_decisions
from assay.books.analytics.exposure import share_of_time
from assay.books.analytics.performance import daily_returns, max_drawdown, sharpe_ratio
from assay.books.analytics.periods import find_falls, roll
from assay.books.analytics.ratios import RATIOS, estimate_ratios
from assay.books.analytics.trades import ClosedTrade, Fill
from assay.books.analytics.versus import compare_days, days_of, pair_trades
from assay.model.time import DAY, HOUR, parse_time
from assay.runtime.ids import seeded_generator


def make_equity(days: int, seed: int = 1, drift: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Return times of every hour and the equity of a walk from 1,000,000."""
    steps = seeded_generator(seed).normal(drift, 400.0, days * 24)
    return np.arange(1, days * 24 + 1) * HOUR, 10**6 + np.rint(np.cumsum(steps)).astype(np.int64)


def slow_ratios(returns: list[float]) -> dict[str, float]:
    """Work every ratio out day by day."""
    worth, peak, falls = 1.0, 1.0, []
    for each in returns:
        worth *= 1.0 + each
        peak = max(peak, worth)
        falls.append((peak - worth) / peak)
    year, mean = sqrt(252), fmean(returns)
    below = sqrt(fmean(min(each, 0.0) ** 2 for each in returns))
    growth = worth ** (252 / len(returns)) - 1.0
    ordered = sorted(returns)

    def quantile(share: float) -> float:
        at = share * (len(ordered) - 1)
        low = int(at)
        return ordered[low] + (at - low) * (ordered[min(low + 1, len(ordered) - 1)] - ordered[low])

    return {
        "annual_return": growth, "volatility": stdev(returns) * year,
        "sharpe": mean / stdev(returns) * year, "sortino": mean / below * year,
        "calmar": growth / max(falls), "ulcer_index": sqrt(fmean(each**2 for each in falls)),
        "tail_ratio": quantile(0.95) / -quantile(0.05),
    }  # fmt: skip


def test_ratios_are_those_of_a_plain_loop() -> None:
    times, equity = make_equity(300, drift=8.0)
    returns = daily_returns(times, equity, 10**6)
    found, slow = estimate_ratios(returns, draws=50), slow_ratios(returns.tolist())
    assert set(found) == set(RATIOS) == set(slow)
    for name, value in slow.items():
        told = found[name]
        assert told.value is not None
        assert isclose(told.value, value, rel_tol=1e-9), name
        assert told.lower is not None
        assert told.upper is not None
        assert told.lower < told.upper
    assert isclose(found["sharpe"].value or 0.0, sharpe_ratio(times, equity, 10**6) or 0.0)


def test_what_is_undefined_is_told_as_none() -> None:
    flat = estimate_ratios(np.zeros(100))
    assert flat["volatility"].value == 0.0
    for name in ("sharpe", "sortino", "calmar", "tail_ratio"):
        assert flat[name] == (None, None, None)
    few = estimate_ratios(np.array([0.01, -0.02, 0.01]))
    assert few["sharpe"].value is not None
    assert few["sharpe"].lower is None
    assert estimate_ratios(np.zeros(1))["sharpe"].value is None


def test_the_interval_of_the_sharpe_ratio_misses_the_truth_about_as_often_as_it_says() -> None:
    missed, runs = 0, 100
    for seed in range(runs):
        returns = seeded_generator(seed).normal(0.0005, 0.01, 250)
        told = estimate_ratios(returns, draws=150, seed=seed)["sharpe"]
        assert told.lower is not None
        assert told.upper is not None
        missed += not told.lower <= 0.0005 / 0.01 * sqrt(252) <= told.upper
    # 5 % are meant; a bootstrap of 250 days misses a little more often.
    assert 0.02 * runs <= missed <= 0.12 * runs


def test_falls_never_overlap_and_the_deepest_is_the_drawdown() -> None:
    times, equity = make_equity(200)
    falls = find_falls(times, equity, 10**6, most=50)
    assert falls[0].depth == max_drawdown(equity, 10**6)
    assert [fall.depth for fall in falls] == sorted((f.depth for f in falls), reverse=True)
    spans = sorted((f.started, f.recovered or times[-1] + 1) for f in falls)
    assert all(end <= start for (_, end), (start, _) in pairwise(spans))
    for fall in falls:
        inside = (times > fall.started) & (times <= fall.lowest)
        peak = max(10**6, int(equity[times <= fall.started].max()))
        assert isclose(fall.depth, 1 - equity[inside].min() / peak)
    assert find_falls(times[:0], equity[:0]) == []


def test_rolling_figures_are_those_of_each_window() -> None:
    times, equity = make_equity(90)
    returns = daily_returns(times, equity, 10**6)
    rolling = roll(times, equity, 10**6, window=21)
    assert len(rolling.times) == len(returns) - 20
    for place in (0, 7, len(rolling.times) - 1):
        window = returns[place : place + 21].tolist()
        assert isclose(rolling.volatility[place], stdev(window) * sqrt(252))
        assert isclose(rolling.sharpe[place], fmean(window) / stdev(window) * sqrt(252))
    assert len(roll(times, equity, 10**6, window=99).times) == 0


def make_trade(opened: str, net: float, **changes: object) -> ClosedTrade:
    at = parse_time(opened)
    trade = ClosedTrade(at, at + HOUR, "EURUSD", "long", 1.0, 1.0, 1.0, 0.5, net, "market")
    return trade._replace(**changes)  # type: ignore[arg-type]


def test_parts_sum_to_the_whole_and_empty_ones_are_told() -> None:
    trades = [
        make_trade("2019-01-01T05:30:00Z", 10.0),
        make_trade("2019-01-02T05:00:00Z", -4.0),
        make_trade("2019-01-06T23:59:59Z", 1.0, side="short"),
    ]
    hours = attribute(trades, lambda trade: hour_of(trade.opened))
    assert [(part.name, part.trades, part.net) for part in hours] == [("05", 2, 6.0), ("23", 1, 1)]
    days = attribute(trades, lambda trade: weekday_of(trade.opened), names=WEEKDAYS)
    assert [part.trades for part in days] == [0, 1, 1, 0, 0, 0, 1]
    assert sum(part.net for part in days) == 7.0
    assert days[0].win_rate is None


def test_time_in_the_market_is_split_by_side() -> None:
    fills = [Fill(at, s, q, 1.0, 0, 0, 0) for at, s, q in (
        (10, "EURUSD", 1.0), (20, "XAUUSD", -2.0), (30, "EURUSD", -2.0), (50, "XAUUSD", 2.0),
        (60, "EURUSD", 1.0))]  # fmt: skip
    assert share_of_time(fills, 0, 100) == (0.5, 0.2, 0.4)
    assert share_of_time(fills[:1], 0, 100) == (0.9, 0.9, 0.0)
    assert share_of_time([], 0, 0) is None


def test_the_advantage_is_found_where_it_is_and_not_where_there_is_none() -> None:
    times, equity = make_equity(260)
    better = equity + (times // DAY) * 600
    one, other = (days_of(times, each, 10**6) for each in (equity, better))
    found = compare_days(other, one)
    assert found.mean.lower is not None
    assert found.mean.lower > 0
    assert found.correlation is not None
    assert found.correlation > 0.9
    assert compare_days(one, one).mean == (0.0, 0.0, 0.0)
    apart = compare_days(one, (one[0] + 10_000, one[1]))
    assert (apart.days, apart.mean.value) == (0, None)


def test_trades_are_paired_by_what_opened_them() -> None:
    same, later = make_trade("2019-01-01", 5.0), make_trade("2019-01-02", 1.0)
    pairs = pair_trades([same, later], [same._replace(net=3.0), same, make_trade("2019-01-03", 7)])
    assert [pair.gap for pair in pairs] == [2.0, -5.0, 1.0, -7.0]
    assert [pair.is_equal for pair in pair_trades([same], [same])] == [True]


def test_decisions_are_held_to_what_they_said() -> None:
    said, came = [0.55, 0.62, 0.68, 1.0], [True, False, True, True]
    found = score_decisions(said, came)
    assert found is not None
    squares = [(p - won) ** 2 for p, won in zip(said, came, strict=True)]
    assert found.brier == pytest.approx(fmean(squares))
    assert [(each.entries, each.came) for each in found.bins] == [(1, 1.0), (2, 0.5), (1, 1.0)]
    assert score_decisions([], []) is None

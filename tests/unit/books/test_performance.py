"""Performance and trade statistics against numbers computed by hand."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from assay.books.analytics import (
    Fill,
    close_trades,
    daily_returns,
    drawdowns,
    max_drawdown,
    monthly_returns,
    sharpe_ratio,
    summarise_trades,
)
from assay.books.reports.charts import thin
from assay.model.time import DAY, HOUR, parse_time


def _days(count: int, start: str = "2019-01-01") -> np.ndarray:
    return parse_time(start) + np.arange(count) * DAY


def test_drawdown_is_a_fraction_of_the_peak_before_it() -> None:
    equity = np.array([100, 80, 120, 60, 119, 130, 128])
    assert drawdowns(equity).tolist() == pytest.approx([0, 0.2, 0, 0.5, 1 / 120, 0, 2 / 130])
    assert max_drawdown(equity) == 0.5
    assert max_drawdown(equity, initial=240) == 0.75


@pytest.mark.parametrize("equity", [[], [100], [100, 100], [100, 101, 102]])
def test_what_never_falls_has_no_drawdown(equity: list[int]) -> None:
    assert max_drawdown(np.array(equity, dtype=np.int64)) == 0.0


def test_a_debt_is_a_drawdown_beyond_one_and_no_peak_gives_none() -> None:
    assert max_drawdown(np.array([100, -50])) == 1.5
    assert max_drawdown(np.array([-5, -9])) == 0.0


def test_daily_returns_take_the_last_equity_of_each_day() -> None:
    times = np.array([0, HOUR, DAY, DAY + HOUR, 4 * DAY])
    equity = np.array([90, 100, 500, 110, 99])
    assert daily_returns(times, equity).tolist() == pytest.approx([0.1, -0.1])
    assert daily_returns(times, equity, initial=80).tolist() == pytest.approx([0.25, 0.1, -0.1])


def test_sharpe_of_three_days_by_hand() -> None:
    # returns 0.02, -0.01, 0.03: mean 0.04 / 3; squared deviations from it sum to
    # 0.0014 - 3 x (0.04 / 3)^2 = 0.000866667, so the sample deviation is 0.0208167
    equity = np.array([10_200, 10_098, 10_401])
    expected = (0.04 / 3) / 0.0208166600 * 252**0.5
    assert sharpe_ratio(_days(3), equity, initial=10_000) == pytest.approx(expected, rel=1e-4)
    yearly = sharpe_ratio(_days(3), equity, initial=10_000, periods=1)
    assert yearly == pytest.approx(expected / 252**0.5, rel=1e-4)


@pytest.mark.parametrize("equity", [[], [100], [100, 100, 100], [100, 110, 121], [100, 110]])
def test_sharpe_is_none_where_it_is_undefined(equity: list[int]) -> None:
    assert sharpe_ratio(_days(len(equity)), np.array(equity, dtype=np.int64)) is None


def test_months_run_from_month_end_to_month_end() -> None:
    times = np.array([parse_time(t) for t in ("2018-12-31T23:59:59", "2019-01-01", "2019-03-31")])
    found = monthly_returns(times, np.array([110, 121, 60]), initial=100)
    assert found == pytest.approx({(2018, 12): 0.1, (2019, 1): 0.1, (2019, 3): 60 / 121 - 1})
    assert monthly_returns(np.zeros(0, np.int64), np.zeros(0, np.int64)) == {}


def test_a_flip_closes_one_trade_and_splits_its_commission() -> None:
    fills = [
        Fill(1, "EURUSD", 100, 1.0, 0.0, 1.0, 0.0),
        Fill(2, "EURUSD", 100, 2.0, 0.0, 1.0, -3.0),
        Fill(5, "EURUSD", -300, 2.5, 200.0, 6.0, 0.0, "signal"),
        Fill(9, "EURUSD", 100, 2.0, 50.0, 1.0, 0.5),
    ]
    first, second = close_trades(fills)
    assert (first.side, first.quantity, first.opened, first.closed) == ("long", 200.0, 1, 5)
    assert (first.entry, first.exit, first.reason) == (1.5, 2.5, "signal")
    assert first.costs == pytest.approx(1 + 1 + 3 + 4)
    assert first.net == pytest.approx(191.0)
    assert (second.side, second.opened, second.entry) == ("short", 5, 2.5)
    assert second.net == pytest.approx(50 - (2 + 1 - 0.5))


def test_statistics_of_four_trades_by_hand() -> None:
    fills = []
    for place, profit in enumerate((30.0, -10.0, 0.0, 60.0)):
        fills += [
            Fill(10 * place, "X", 1, 1.0, 0.0, 0.0, 0.0),
            Fill(10 * place + 4, "X", -1, 1.0, profit, 0.0, 0.0),
        ]
    stats = summarise_trades(close_trades(fills))
    assert (stats.count, stats.wins, stats.losses, stats.longs) == (4, 2, 1, 4)
    assert (stats.win_rate, stats.profit_factor, stats.expectancy) == (0.5, 9.0, 20.0)
    assert (stats.average_win, stats.average_loss) == (45.0, -10.0)
    assert (stats.largest_win, stats.largest_loss, stats.average_held) == (60.0, -10.0, 4)


def test_statistics_without_trades_are_absent() -> None:
    stats = summarise_trades([])
    assert (stats.count, stats.win_rate, stats.profit_factor, stats.average_held) == (
        0, None, None, None,
    )  # fmt: skip


@pytest.mark.parametrize("count", [1, 2, 1_799, 1_801, 100_003])
def test_thinning_keeps_both_ends_and_every_extreme(count: int) -> None:
    values = (np.arange(count) * 7_919) % 104_729
    kept = thin(values)
    assert kept[0] == 0
    assert kept[-1] == count - 1
    assert all(a < b for a, b in pairwise(kept.tolist()))
    assert values[kept].max() == values.max()
    assert values[kept].min() == values.min()
    assert len(kept) <= 2 * 900 + 2

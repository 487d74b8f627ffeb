"""How the trades of one kind went over time, on cases worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from assay.books.analytics.parts import POINTS_MOST, follow_part
from assay.books.analytics.ratios import sharpe
from assay.books.analytics.trades import ClosedTrade
from assay.model.time import DAY, HOUR, SECOND

MONDAY = 4 * DAY
"""1970-01-05."""


def trade(opened: int, closed: int, net: float) -> ClosedTrade:
    return ClosedTrade(opened, closed, "EURUSD", "long", 1, 1, 1, 0, net, "")


def test_the_deepest_fall_is_of_the_summed_results_and_from_the_start() -> None:
    nets = [-5.0, 20.0, -8.0, 2.0, -10.0, 30.0]
    trades = [trade(i * HOUR, (i + 1) * HOUR, net) for i, net in enumerate(nets)]
    course = follow_part(trades, 1_000.0, 0, 12 * HOUR)
    assert course.drawdown == 16.0
    assert follow_part(trades[:1], 1_000.0, 0, HOUR).drawdown == 5.0
    assert course.held == 0.5
    assert course.points[-1] == (6 * HOUR // SECOND, 29.0)


def test_the_sharpe_ratio_counts_days_without_a_trade_and_no_weekends() -> None:
    trades = [trade(MONDAY, MONDAY + HOUR, 10.0), trade(MONDAY, MONDAY + 2 * DAY, -4.0)]
    course = follow_part(trades, 1_000.0, MONDAY, MONDAY + 8 * DAY)
    daily = np.array([10.0, 0.0, -4.0, 0.0, 0.0, 0.0, 0.0]) / 1_000.0
    assert course.sharpe.value == pytest.approx(float(sharpe(daily)))
    assert course.sharpe.lower is None


def test_a_month_of_days_gives_the_ratio_an_interval() -> None:
    nets = [3.0, -1.0, 2.0, -2.0, 1.5] * 6
    days = [day for day in range(42) if day % 7 < 5]
    trades = [
        trade(MONDAY + day * DAY, MONDAY + day * DAY + HOUR, net)
        for day, net in zip(days, nets, strict=True)
    ]
    found = follow_part(trades, 1_000.0, MONDAY, MONDAY + 39 * DAY).sharpe
    assert found.value is not None
    assert found.lower is not None
    assert found.upper is not None
    assert found.lower < found.value < found.upper


def test_a_long_curve_is_thinned_and_keeps_its_end() -> None:
    trades = [trade(i * SECOND, (i + 1) * SECOND, 1.0) for i in range(1_000)]
    points = follow_part(trades, 1_000.0, 0, 1_000 * SECOND).points
    assert len(points) <= POINTS_MOST
    assert points[-1] == (1_000, 1_000.0)

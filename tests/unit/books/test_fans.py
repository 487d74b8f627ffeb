"""Redrawn histories: their chances where the truth is known, and the same for a seed."""

from __future__ import annotations

import numpy as np
import pytest

from assay.books.analytics.fans import gather_fan, redraw_days, redraw_trades
from assay.books.analytics.intervals import measure_intervals
from assay.model.errors import DataError
from assay.runtime.ids import seeded_generator


def test_redrawn_trades_spread_as_their_sum_does() -> None:
    nets = seeded_generator(3).normal(2.0, 10.0, 400)
    fan = redraw_trades(nets.tolist(), 1_000.0, draws=3_000, seed=1)
    assert fan.finals.mean() == pytest.approx(1_000 + nets.sum(), abs=4 * 200 / 3_000**0.5)
    assert fan.finals.std() == pytest.approx(nets.std() * 20, rel=0.05)
    assert fan.bands[:, 0].tolist() == [1_000.0] * 5
    assert (np.diff(fan.bands, axis=0) >= 0).all()
    assert fan.final_levels() == pytest.approx(fan.bands[:, -1].tolist())


def test_what_never_loses_never_falls_and_what_ruins_stays_at_nothing() -> None:
    sure = redraw_trades([5.0] * 20, 100.0, draws=100, seed=1)
    assert (sure.chance_of_loss, sure.chance_of_fall(0.0)) == (0.0, 0.0)
    ruin = gather_fan([np.array([50.0, -10.0, 500.0])], 100.0, 3)
    assert (ruin.finals.tolist(), ruin.drawdowns.tolist()) == ([0.0], [1.0])


def test_blocks_keep_runs_of_days_together() -> None:
    # Ten bad days in a row, then ninety good ones: only blocks tell how deep a run falls.
    returns = np.concatenate([np.full(10, -0.02), np.full(90, 0.003)])
    alone = redraw_days(returns, 100.0, draws=400, block=1.0, seed=2)
    blocks = redraw_days(returns, 100.0, draws=400, block=20.0, seed=2)
    assert np.median(blocks.drawdowns) > 1.5 * np.median(alone.drawdowns)
    again = redraw_days(returns, 100.0, draws=400, block=20.0, seed=2)
    assert np.array_equal(blocks.finals, again.finals)
    other = redraw_days(returns, 100.0, draws=400, block=20.0, seed=3)
    assert not np.array_equal(blocks.finals, other.finals)


def test_too_little_is_refused() -> None:
    with pytest.raises(DataError, match="4 trades are too few"):
        redraw_trades([1.0] * 4, 100.0, draws=10, seed=1)
    with pytest.raises(DataError, match="19 days are too few"):
        measure_intervals(np.zeros(19))


def test_an_interval_holds_its_figure_and_narrows_with_days() -> None:
    returns = seeded_generator(5).normal(0.001, 0.01, 1_000)
    few, many = (measure_intervals(returns[:n], draws=400) for n in (100, 1_000))
    for found in (few, many):
        assert found.sharpe.value is not None
        assert found.sharpe.lower < found.sharpe.value < found.sharpe.upper
        assert found.growth.value is not None
        assert found.growth.lower < found.growth.value < found.growth.upper
    assert many.sharpe.upper - many.sharpe.lower < 0.5 * (few.sharpe.upper - few.sharpe.lower)
    still = measure_intervals(np.zeros(50), draws=100)
    assert (still.sharpe.value, still.sharpe.lower, still.growth.value) == (None, 0.0, 0.0)

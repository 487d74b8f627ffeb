"""Correlations against slow references, and what was planted is found."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.covariance import LedoitWolf

from assay.model.errors import DataError, UsageError
from assay.model.time import DAY, HOUR, MINUTE
from assay.runtime.ids import seeded_generator
from assay.signals.correlation import Closes, Estimator, align_returns, analyse, proxy_weights
from assay.signals.correlation.breakdown import LEAST, find_alerts, watch_path
from assay.signals.correlation.dollar import PROXY, PUBLISHED, find_dollar
from assay.signals.correlation.graph import find_edges
from assay.signals.correlation.leadlag import measure_leads
from assay.signals.correlation.shrinkage import shrink
from assay.signals.correlation.stability import list_pairs
from assay.signals.correlation.stream import CorrelationStream, sample_rows
from assay.signals.correlation.uncertainty import choose_lags, judge_pair, long_run_sum


def prices(returns: np.ndarray, symbols: str | list[str], step: int = MINUTE) -> list[Closes]:
    times = step * np.arange(1, len(returns) + 2)
    paths = np.exp(np.vstack([np.zeros(returns.shape[1]), np.cumsum(returns, axis=0)]))
    return [Closes(name, times, paths[:, i]) for i, name in enumerate(symbols)]


def correlated(seed: int, rows: int, correlation: float, size: int = 2) -> np.ndarray:
    """Return returns of a basis point whose pairs all have one correlation."""
    rng = seeded_generator(seed, 85)
    shared = rng.standard_normal((rows, 1))
    own = rng.standard_normal((rows, size))
    return 1e-4 * (math.sqrt(correlation) * shared + math.sqrt(1 - correlation) * own)


def turbulent(seed: int, rows: int, correlation: float) -> np.ndarray:
    """Return such returns times a volatility that persists (log autoregressive)."""
    rng = seeded_generator(seed, 86)
    level, path = 0.0, np.empty(rows)
    for row, shock in enumerate(rng.standard_normal(rows)):
        level = 0.97 * level + 0.15 * shock
        path[row] = math.exp(level)
    return correlated(seed, rows, correlation) * path[:, None]


class TestAlignment:
    def test_returns_touch_only_closes_that_all_share(self) -> None:
        times = MINUTE * np.arange(1, 7)
        one = Closes("A", times, np.array([1.0, 2, 4, 8, 16, 32]))
        other = Closes("B", times[[0, 1, 3, 4, 5]], np.array([1.0, 3, 27, 81, 243]))
        found = align_returns([one, other], MINUTE)
        assert found.times.tolist() == times[[1, 4, 5]].tolist()
        assert np.allclose(found.values, np.log([[2, 3]] * 3))
        assert found.position.tolist() == [1, 4, 5]
        assert (found.coverage.closes, found.coverage.shared) == (6, 5)
        assert found.coverage.absent == {"A": 0, "B": 1}
        assert (found.coverage.after_absence, found.coverage.after_pause) == (2, 0)

    def test_a_return_over_a_pause_is_left_out_and_counted(self) -> None:
        times = np.array([1, 2, 3, 50, 51]) * MINUTE
        pair = [Closes(name, times, np.arange(1.0, 6)) for name in "AB"]
        found = align_returns(pair, MINUTE)
        assert found.times.tolist() == (np.array([2, 3, 51]) * MINUTE).tolist()
        assert found.coverage.after_pause == 1
        daily = [Closes(name, times // MINUTE * DAY, np.arange(1.0, 6)) for name in "AB"]
        assert len(align_returns([*daily], 5 * DAY)) == 4

    def test_only_the_time_that_all_cover_counts(self) -> None:
        long = Closes("A", MINUTE * np.arange(1, 11), np.arange(1.0, 11))
        short = Closes("B", MINUTE * np.arange(4, 8), np.arange(4.0, 8))
        found = align_returns([long, short], MINUTE)
        assert (found.coverage.closes, len(found)) == (4, 3)
        assert found.coverage.absent == {"A": 0, "B": 0}

    def test_what_cannot_be_aligned_is_refused(self) -> None:
        one = Closes("A", MINUTE * np.arange(1, 4), np.arange(1.0, 4))
        late = Closes("B", DAY + one.times, one.prices)
        for wrong in (
            [one],
            [one, one],
            [one, late],
            [one, Closes("C", one.times[:0], one.prices)],
        ):
            with pytest.raises(UsageError):
                align_returns(wrong, MINUTE)
        with pytest.raises(DataError, match="B has a price of 0"):
            align_returns([one, Closes("B", one.times, np.array([1.0, 0, 1]))], MINUTE)


class TestShrinkage:
    def test_towards_identity_it_is_that_of_scikit_learn(self) -> None:
        rows = correlated(3, 60, 0.3, size=12) * np.linspace(1, 3, 12)
        wanted, found = LedoitWolf().fit(1e4 * rows), shrink(1e4 * rows, "identity")
        assert found.intensity == pytest.approx(wanted.shrinkage_, abs=1e-12)
        assert np.allclose(found.covariance, wanted.covariance_, rtol=1e-10)

    def test_towards_one_correlation_it_is_the_published_formula(self) -> None:
        rows = correlated(4, 50, 0.4, size=5) * np.linspace(1, 3, 5)
        rows[:, 1] = 0.3 * rows[:, 1] - rows[:, 0]
        found = shrink(rows)
        intensity, covariance = slow_constant(1e4 * rows)
        assert found.intensity == pytest.approx(intensity, rel=1e-9)
        assert 0 < found.intensity < 1
        assert np.allclose(1e8 * found.covariance, covariance, rtol=1e-9)

    def test_it_comes_closer_to_the_truth_than_the_sample(self) -> None:
        truth = 1e-8 * (np.full((20, 20), 0.4) + 0.6 * np.eye(20))
        missed = np.zeros(2)
        for seed in range(10):
            rows = correlated(seed, 40, 0.4, size=20)
            for place, each in enumerate((shrink(rows).covariance, np.cov(rows.T))):
                missed[place] += ((each - truth) ** 2).sum()
        assert missed[0] < 0.7 * missed[1]


def slow_constant(rows: np.ndarray) -> tuple[float, np.ndarray]:
    """Return intensity and covariance by the sums of Ledoit and Wolf's appendix, one by one."""
    count, size = rows.shape
    y = rows - rows.mean(axis=0)
    s = y.T @ y / count
    r = [s[i, j] / math.sqrt(s[i, i] * s[j, j]) for i in range(size) for j in range(i + 1, size)]
    mean = sum(r) / len(r)
    aimed, pi, rho, gamma = s.copy(), 0.0, 0.0, 0.0
    for i in range(size):
        for j in range(size):
            part = np.mean((y[:, i] * y[:, j] - s[i, j]) ** 2)
            pi += part
            if i == j:
                rho += part
                continue
            aimed[i, j] = mean * math.sqrt(s[i, i] * s[j, j])
            one = np.mean((y[:, i] ** 2 - s[i, i]) * (y[:, i] * y[:, j] - s[i, j]))
            other = np.mean((y[:, j] ** 2 - s[j, j]) * (y[:, i] * y[:, j] - s[i, j]))
            weight = math.sqrt(s[j, j] / s[i, i])
            rho += mean / 2 * (weight * one + other / weight)
            gamma += (aimed[i, j] - s[i, j]) ** 2
    intensity = max(0.0, min(1.0, (pi - rho) / gamma / count))
    return intensity, intensity * aimed + (1 - intensity) * s


class TestUncertainty:
    def test_the_long_run_sum_is_bartletts(self) -> None:
        values, lags = seeded_generator(5).standard_normal(200), 6
        wanted = values @ values
        for lag in range(1, lags + 1):
            wanted += 2 * (1 - lag / (lags + 1)) * (values[lag:] @ values[:-lag])
        assert long_run_sum(values, lags) == pytest.approx(wanted)
        assert choose_lags(1000) == 10

    def test_the_interval_holds_the_truth_as_often_as_it_says(self) -> None:
        rows, weights = 1500, np.full(1500, 1 / 1500)
        calm = [judge_pair(*correlated(seed, rows, 0.5).T, weights) for seed in range(150)]
        rough = [judge_pair(*turbulent(seed, rows, 0.5).T, weights) for seed in range(150)]
        for found, least in ((calm, 0.91), (rough, 0.88)):
            assert np.mean([each.low < 0.5 < each.high for each in found]) >= least
        assert np.median([each.effective_n for each in rough]) < 0.8 * rows
        assert np.median([each.effective_n for each in calm]) > 0.9 * rows

    def test_a_column_that_never_moves_has_no_correlation(self) -> None:
        weights = np.full(50, 0.02)
        pair = judge_pair(np.ones(50), np.arange(50.0), weights)
        assert math.isnan(pair.correlation)
        assert (pair.low, pair.high) == (-1.0, 1.0)


class TestLeads:
    def test_a_planted_lead_is_found_at_its_lag_and_way_alone(self) -> None:
        values = correlated(7, 6000, 0.3, size=3)
        values[2:, 1] += 0.15 * values[:-2, 0]
        returns = align_returns(prices(values, "ABC"), MINUTE)
        found = measure_leads(returns, 4)
        assert [(each.leader, each.follower, each.lag) for each in found.tests if each.leads] == [
            ("A", "B", 2)
        ]
        assert (len(found.tests), found.rows) == (24, 5996)

    def test_independent_series_lead_nobody(self) -> None:
        found = 0
        for seed in range(100):
            returns = align_returns(prices(turbulent(seed, 800, 0.0), "AB"), MINUTE)
            found += any(each.leads for each in measure_leads(returns, 3).tests)
        assert found <= 5

    def test_a_factor_with_bounce_leads_nobody(self) -> None:
        values = correlated(9, 6000, 0.6)
        values[1:] -= 0.3 * values[:-1]
        found = measure_leads(align_returns(prices(values, "AB"), MINUTE), 2)
        assert max(abs(each.cross) for each in found.tests) > 0.1
        assert not any(each.leads for each in found.tests if each.lag == 1)

    def test_rows_across_a_gap_are_not_neighbours(self) -> None:
        both = prices(correlated(1, 999, 0.0), "AB")
        keep = np.arange(1000) % 4 != 3
        holed = [Closes(each.symbol, each.times[keep], each.prices[keep]) for each in both]
        gappy = [both[0], holed[1]]
        assert measure_leads(align_returns(gappy, MINUTE), 1).rows == 250
        assert measure_leads(align_returns(gappy, MINUTE), 3).tests == ()


class TestAlerts:
    WINDOW = 200

    def watched(self, values: np.ndarray) -> tuple:
        estimator = Estimator(window=self.WINDOW)
        path = CorrelationStream(values.shape[1], estimator).load(values)
        rows = sample_rows(len(values), estimator)
        watch = watch_path(path, estimator)
        return path, watch, find_alerts(watch, path, rows, list_pairs(("A", "B")))

    @pytest.mark.parametrize("seed", range(5))
    def test_a_planted_break_is_told_within_a_window(self, seed: int) -> None:
        values, cut = correlated(seed, 8000, 0.8), 5000
        values[cut:] = correlated(seed + 100, 3000, 0.1)
        _, _, alerts = self.watched(values)
        (alert,) = alerts
        assert cut < alert.start <= cut + self.WINDOW
        assert alert.usual == pytest.approx(0.8, abs=0.05)
        assert alert.low < alert.usual < alert.high
        assert alert.became < 0.35
        assert not alert.returned
        settling = (LEAST + 1) * self.WINDOW
        assert alert.end is not None
        assert settling <= alert.end - alert.start <= settling + self.WINDOW

    def test_an_excursion_ends_when_the_pair_returns(self) -> None:
        values = correlated(3, 8000, 0.8)
        values[5000:5400] = correlated(4, 400, 0.0)
        (alert,) = self.watched(values)[2]
        assert alert.returned
        assert 5400 < alert.end <= 5400 + self.WINDOW

    def test_a_market_that_never_changes_alerts_rarely(self) -> None:
        found = [self.watched(turbulent(seed, 6000, 0.6))[2] for seed in range(20)]
        assert sum(map(len, found)) <= 2

    def test_no_sample_depends_on_later_ones(self) -> None:
        values = correlated(0, 6000, 0.8)
        values[4000:] = correlated(1, 2000, 0.0)
        path, watch, _ = self.watched(values)
        cut = len(path) - 77
        again = watch_path(path[:cut], Estimator(window=self.WINDOW))
        assert again.events.tobytes() == np.ascontiguousarray(watch.events[:cut]).tobytes()
        assert np.array_equal(again.half, watch.half[:cut], equal_nan=True)


class TestGraph:
    def test_a_chain_has_the_edges_of_its_links_alone(self) -> None:
        rng, rows = seeded_generator(11), 4000
        first = rng.standard_normal(rows)
        second = 0.7 * first + rng.standard_normal(rows)
        third = -0.7 * second + rng.standard_normal(rows)
        values = 1e-4 * np.column_stack([first, second, third])
        edges = find_edges(values, ("A", "B", "C"))
        assert edges is not None
        assert [(each.pair, each.holds) for each in edges] == [
            (("A", "B"), True), (("A", "C"), False), (("B", "C"), True),
        ]  # fmt: skip
        precision = np.linalg.inv(np.corrcoef(values.T))
        assert edges[2].partial == pytest.approx(
            -precision[1, 2] / math.sqrt(precision[1, 1] * precision[2, 2])
        )

    def test_collinear_columns_have_no_edges(self) -> None:
        values = correlated(1, 300, 0.2)
        assert find_edges(np.column_stack([values, values.sum(axis=1)]), tuple("ABC")) is None

    def test_the_tree_joins_each_to_its_nearest(self) -> None:
        values = correlated(2, 2000, 0.5, size=3)
        values[:, 2] = values[:, 1] + 0.2 * values[:, 2]
        found = analyse(align_returns(prices(values, "ABC"), MINUTE), Estimator(), 1)
        assert found.graph.tree[0].pair == ("B", "C")
        assert len(found.graph.tree) == 2
        assert found.graph.tree[0].distance == pytest.approx(
            math.sqrt(2 * (1 - found.graph.tree[0].correlation))
        )


class TestDollar:
    def test_a_given_index_is_the_dollar(self) -> None:
        assert find_dollar([*PUBLISHED, "DXY"]).symbol == "DXY"
        values = correlated(1, 700, 0.5, size=2)
        found = analyse(
            align_returns(prices(values, ["XAUUSD", "DXY"], HOUR), HOUR), Estimator(), 1
        )
        assert found.returns.symbols == ("XAUUSD", "DXY")
        assert [each.symbol for each in found.exposures] == ["XAUUSD"]
        assert found.exposures[0].weight is None
        assert found.exposures[0].low < found.exposures[0].beta < found.exposures[0].high

    def test_five_pairs_make_a_proxy_by_the_published_weights(self) -> None:
        values = correlated(2, 900, 0.3, size=6)
        values[:, 5] = -2.0 * values[:, :5] @ np.array(list(proxy_weights().values()))
        returns = align_returns(prices(values, [*PUBLISHED, "XAUUSD"]), MINUTE)
        found = analyse(returns, Estimator(window=900 - 1), 1)
        assert (found.dollar.kind, found.returns.symbols[-1]) == ("proxy", PROXY)
        last = found.returns.values[:, -1]
        assert np.allclose(last, returns.values[:, :5] @ list(proxy_weights().values()))
        gold = found.exposures[5]
        assert (gold.symbol, gold.weight) == ("XAUUSD", None)
        assert gold.beta == pytest.approx(-2.0)
        assert gold.explained == pytest.approx(1.0)
        assert found.graph.without == (PROXY,)

    def test_a_component_is_judged_beside_the_other_four(self) -> None:
        values = correlated(3, 900, 0.0, size=5)
        found = analyse(align_returns(prices(values, list(PUBLISHED)), MINUTE), Estimator(), 1)
        euro = found.exposures[0]
        assert euro.weight == pytest.approx(-0.576 / 0.958)
        assert euro.low < 0 < euro.high
        assert found.matrix.correlation[0, -1] < -0.9

    def test_without_all_five_there_is_none(self) -> None:
        found = analyse(
            align_returns(prices(correlated(1, 600, 0.1), "AB"), MINUTE), Estimator(), 1
        )
        assert (found.dollar.kind, found.exposures) == ("none", ())


def test_a_known_correlation_lies_within_its_interval_and_is_stable() -> None:
    values = correlated(12, 5000, 0.5, size=3)
    found = analyse(align_returns(prices(values, "ABC"), MINUTE), Estimator(), 2)
    for each in found.stability:
        assert each.whole.low < 0.5 < each.whole.high
        assert not each.moved
        assert each.restlessness == pytest.approx(1.0, abs=0.6)
    for pair in found.matrix.pairs:
        assert pair.low < 0.5 < pair.high
    assert found.alerts == ()


def test_halves_that_differ_are_said_to_have_moved() -> None:
    values = correlated(13, 4000, 0.6)
    values[2000:] = correlated(14, 2000, 0.3)
    (found,) = analyse(align_returns(prices(values, "AB"), MINUTE), Estimator(), 1).stability
    assert found.moved
    assert found.difference < -5
    assert found.restlessness is not None
    assert found.restlessness > 1.5


def test_too_few_returns_and_senseless_estimators_are_refused() -> None:
    returns = align_returns(prices(correlated(1, 100, 0.1), "AB"), MINUTE)
    with pytest.raises(UsageError, match="100 returns are shared, rolling looks back on 500"):
        analyse(returns, Estimator(), 1)
    for wrong in (
        {"method": "magic"}, {"target": "zero"}, {"window": 3}, {"half_life": 1.0},
        {"half_life": math.nan},
    ):  # fmt: skip
        with pytest.raises(UsageError):
            Estimator(**wrong)
    stream = CorrelationStream(2, Estimator())
    for refuse in (lambda: stream.push(np.array([1.0, math.nan])),
                   lambda: stream.load(np.array([[1.0, math.nan]]))):  # fmt: skip
        with pytest.raises(UsageError, match="is NaN"):
            refuse()

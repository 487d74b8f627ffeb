"""Sharpe ratios as estimates: published examples, slow references, and sweeps over noise."""

from __future__ import annotations

from base64 import b64decode
from itertools import combinations
from math import log, sqrt
from statistics import NormalDist

import numpy as np
import pytest
from scipy import stats

from assay.books.analytics.deflated_sharpe import (
    deflated_sharpe,
    expected_maximum,
    period_sharpe,
    probabilistic_sharpe,
    sharpe_error,
)
from assay.books.analytics.overfitting import measure_overfitting, overfitting_probability
from assay.books.analytics.reality import judge_superiority, long_run_variance
from assay.books.analytics.resampling import stationary_rows
from assay.books.trials import Outcome, Trial, deflate, sketch_returns
from assay.books.trials.lines import Line
from assay.model.errors import DataError, UsageError
from assay.runtime.ids import seeded_generator

DAYS = 500


def test_the_published_example_of_the_deflated_ratio() -> None:
    """Bailey and Lopez de Prado (2014), numerical example: 0.9004 at 100 trials, 0.9505 at 46."""
    sharpe, moments = 2.5 / sqrt(250), (-3.0, 10.0)
    for trials, expected in ((100, 0.9004), (46, 0.9505)):
        bar = expected_maximum(1 / (2 * 250), trials)
        assert probabilistic_sharpe(sharpe, moments, 1250, bar) == pytest.approx(expected, abs=2e-4)


def test_the_expected_maximum_is_near_that_of_draws() -> None:
    draws = seeded_generator(1).standard_normal((20_000, 100))
    for trials in (2, 10, 100):
        found = draws[:, :trials].max(axis=1).mean()
        assert expected_maximum(1.0, trials) == pytest.approx(found, abs=0.06)
    assert 0 == expected_maximum(1.0, 1) < expected_maximum(1.0, 1.5) < expected_maximum(1.0, 2)
    with pytest.raises(UsageError, match="0 trials of variance"):
        expected_maximum(1.0, 0)


def test_the_deflated_ratio_is_that_of_its_parts() -> None:
    returns = seeded_generator(2).standard_t(5, 300) * 0.01 + 0.001
    sharpe = returns.mean() / returns.std(ddof=1)
    moments = float(stats.skew(returns)), float(stats.kurtosis(returns, fisher=False))
    for trials, variance in ((1, 0.0), (7, 0.0), (7, 0.02)):
        bar = expected_maximum(max(variance, 1 / 299), trials)
        expected = probabilistic_sharpe(float(sharpe), moments, 300, bar)
        assert deflated_sharpe(returns, trials, variance) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("returns", [[], [0.1], [0.01] * 9])
def test_what_does_not_vary_has_no_ratio(returns: list[float]) -> None:
    column = np.array(returns)
    assert period_sharpe(column) is None
    assert sharpe_error(column) is None
    assert deflated_sharpe(column, 3) is None
    assert sketch_returns(np.arange(len(column)), column) == ""


def test_without_lags_the_error_is_that_of_mertens() -> None:
    returns = seeded_generator(3).standard_t(4, 400) * 0.01 + 0.001
    ratio = returns.mean() / returns.std()
    skew, kurtosis = stats.skew(returns), stats.kurtosis(returns, fisher=False)
    expected = sqrt((1 - skew * ratio + (kurtosis - 1) / 4 * ratio**2) / 400)
    assert sharpe_error(returns, lags=0) == pytest.approx(expected, rel=1e-12)


def test_the_error_is_the_spread_of_the_ratio_where_returns_hang_together() -> None:
    noise = seeded_generator(4).standard_normal((400, 1_100))
    returns = np.empty_like(noise)
    returns[:, 0] = noise[:, 0]
    for day in range(1, noise.shape[1]):
        returns[:, day] = 0.4 * returns[:, day - 1] + noise[:, day]
    returns = returns[:, 100:] + 0.05
    spread = np.std([period_sharpe(row) for row in returns])
    robust = np.mean([sharpe_error(row) for row in returns])
    naive = np.mean([sharpe_error(row, lags=0) for row in returns])
    assert naive < 0.75 * spread
    assert robust == pytest.approx(spread, rel=0.15)


def _line(number: int, sharpe: float | None = None, sketch: str = "") -> list[Line]:
    """Return a trial over all time, and its outcome unless it has none."""
    trial = Trial(
        number=2 * number + 1, at=0, kind="backtest", who="w", symbols=("EURUSD",), start=0, end=1,
        strategy="s", parameters=str(number), data="d",
    )  # fmt: skip
    outcome = Outcome(number=2 * number + 2, at=0, trial=2 * number + 1, sharpe=sharpe, days=DAYS,
                      sketch=sketch)  # fmt: skip
    return [trial, outcome]


def test_alike_trials_are_a_cluster_and_repeats_count_once() -> None:
    generator = seeded_generator(7)
    days, column = np.arange(DAYS), generator.standard_normal(DAYS)
    sketch = sketch_returns(days, column)
    past: list[Line] = []
    for number in range(9):
        past += _line(number, 0.01, sketch)
    trial = _line(9)[0]
    assert isinstance(trial, Trial)
    found = deflate(past, trial, column, sketch)
    assert (found.before, found.clusters_before) == (9, 1)
    assert found.clustered == pytest.approx(deflated_sharpe(column, 1), abs=1e-9)
    other = generator.standard_normal(DAYS)
    again = deflate(past, trial, other, sketch_returns(days, other))
    assert (again.before, again.clusters_before) == (9, 1)
    elsewhere = deflate(past, _moved(trial), column, sketch)
    assert (elsewhere.before, elsewhere.deflated) == (0, deflated_sharpe(column, 1))


def _moved(trial: Trial) -> Trial:
    return Trial(
        number=99, at=0, kind="backtest", who="w", symbols=trial.symbols, start=trial.end, end=9,
        strategy="s", parameters="p", data="d",
    )  # fmt: skip


def test_a_sketch_keeps_the_correlation() -> None:
    generator = seeded_generator(8)
    days = np.arange(17_000, 17_600)
    first = generator.standard_normal(600)
    for wanted in (0.0, 0.5, 0.9):
        second = wanted * first + sqrt(1 - wanted**2) * generator.standard_normal(600)
        one, two = (
            np.frombuffer(b64decode(sketch_returns(days, each)), np.int8).astype(float)
            for each in (first, second)
        )
        cosine = one @ two / np.linalg.norm(one) / np.linalg.norm(two)
        assert cosine == pytest.approx(np.corrcoef(first, second)[0, 1], abs=0.15)


def _slow_overfitting(returns: np.ndarray, splits: int) -> float:
    blocks = np.array_split(np.arange(len(returns)), splits)
    below = 0
    places = [*combinations(range(splits), splits // 2)]
    for chosen in places:
        rows = np.concatenate([blocks[k] for k in chosen])
        rest = np.concatenate([blocks[k] for k in range(splits) if k not in chosen])
        inside, outside = (returns[r].mean(axis=0) / returns[r].std(axis=0) for r in (rows, rest))
        share = stats.rankdata(outside)[inside.argmax()] / (returns.shape[1] + 1)
        below += log(share / (1 - share)) <= 0
    return below / len(places)


def test_overfitting_equals_a_slow_reference() -> None:
    returns = seeded_generator(9).standard_normal((103, 7))
    for splits in (4, 8):
        found, logits = overfitting_probability(returns, splits)
        assert found == _slow_overfitting(returns, splits)
        assert len(logits) == {4: 6, 8: 70}[splits]


def test_overfitting_is_likely_in_noise_and_unlikely_where_one_is_better() -> None:
    returns = seeded_generator(10).standard_normal((400, 10))
    noise = measure_overfitting(returns, splits=8, draws=50)
    assert noise.lower < 0.5 < noise.upper
    returns[:, 3] += 0.4
    skill = measure_overfitting(returns, splits=8, draws=50)
    assert skill.probability == skill.upper == 0.0
    with pytest.raises(DataError, match="2 or more"):
        overfitting_probability(returns[:, :1])
    with pytest.raises(DataError, match="64 or more days"):
        overfitting_probability(returns[:50])


def test_blocks_are_as_long_as_told_and_days_come_equally_often() -> None:
    drawn = np.array([*stationary_rows(seeded_generator(11), 50, block=5.0, draws=2_000)])
    goes_on = (drawn[:, 1:] == (drawn[:, :-1] + 1) % 50).mean()
    assert goes_on == pytest.approx(1 - 1 / 5 + 1 / 5 / 50, abs=0.01)
    assert np.bincount(drawn.ravel()) / drawn.size == pytest.approx(1 / 50, abs=0.004)


def test_the_long_run_variance_is_that_of_the_bootstrap() -> None:
    returns = seeded_generator(12).standard_normal(200).cumsum()[:, None] * 0.1
    drawn = stationary_rows(seeded_generator(13), 200, block=6.0, draws=4_000)
    means = np.array([returns[rows, 0].mean() for rows in drawn])
    assert long_run_variance(returns, 6.0)[0] == pytest.approx(200 * means.var(), rel=0.08)


def test_superiority_equals_a_slow_reference() -> None:
    returns = seeded_generator(14).standard_normal((120, 5)) + np.array([0.1, -0.6, 0.0, -0.02, 0])
    found = judge_superiority(returns, draws=150, block=4.0, seed=3)
    n, mean = 120, returns.mean(axis=0)
    deviation = np.sqrt(long_run_variance(returns, 4.0))
    scores = sqrt(n) * mean / deviation
    above = np.zeros(3)
    for rows in stationary_rows(seeded_generator(3), n, block=4.0, draws=150):
        for kind in range(3):
            highest = 0.0
            for k in range(5):
                is_kept = scores[k] >= -sqrt(2 * log(log(n)))
                centre = (max(mean[k], 0.0), mean[k] if is_kept else 0.0, mean[k])[kind]
                highest = max(highest, sqrt(n) * (returns[rows, k].mean() - centre) / deviation[k])
            above[kind] += highest >= found.statistic
    assert found.statistic == pytest.approx(max(scores))
    assert [found.lower, found.p, found.upper] == (above / 150).tolist()
    assert found.lower < found.p < found.upper


def test_superiority_has_its_size_and_its_power() -> None:
    generator = seeded_generator(15)
    noise = [judge_superiority(generator.standard_normal((250, 10)), draws=100).p
             for _ in range(50)]  # fmt: skip
    assert np.mean(np.array(noise) < 0.05) <= 0.12
    returns = generator.standard_normal((250, 10))
    returns[:, 2] += 0.4
    assert judge_superiority(returns, draws=200).p < 0.01
    assert judge_superiority(np.zeros((30, 2))).p == 1.0
    assert judge_superiority(returns[:, :2] - 3.0, draws=50).p == 1.0  # all of them lose
    with pytest.raises(DataError, match="19 days"):
        judge_superiority(returns[:19])


def test_the_normal_is_the_normal() -> None:
    assert probabilistic_sharpe(0.1, (0.0, 3.0), 101, 0.1) == 0.5
    expected = NormalDist().cdf(0.1 * 10 / sqrt(1 + 0.5 * 0.01))
    assert probabilistic_sharpe(0.1, (0.0, 3.0), 101, 0.0) == pytest.approx(expected)

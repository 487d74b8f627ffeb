"""Promotion: seldom for nothing however often one looks, mostly for a gain, the same bit by bit."""

from __future__ import annotations

from math import log

import numpy as np
import pytest

from assay.model.errors import UsageError
from assay.runtime.ids import seeded_generator
from assay.signals.promotion import (
    LEVEL,
    PROFIT_MOST,
    Gains,
    PromotionTest,
    Wealth,
    choose_windows,
    join_gains,
    log_score_gains,
    profit_gains,
)
from tests.unit.signals.planted_runs import alike, better, weigh


def test_of_1000_runs_of_nothing_at_most_5_percent_promote_whenever_one_stops() -> None:
    promoted = [alike(seed, 100, 1_500).proven().any(axis=1) for seed in range(10)]
    assert np.mean(promoted) <= 0.05


def test_a_gain_of_20_percent_is_promoted_within_20000_labels() -> None:
    promoted = better(1, 30, 20_000, 0.2).proven().any(axis=1)
    assert promoted.mean() >= 0.80


def test_one_that_earns_less_by_more_than_the_margin_is_not_promoted() -> None:
    rng = seeded_generator(3)
    up = rng.random((40, 4_000)) < 0.5
    gains = log_score_gains(np.full(up.shape, 0.5), np.where(up, 0.55, 0.45), up)
    worse = Gains(-0.06 + rng.uniform(-0.5, 0.5, up.shape) + 0.05, np.full(up.shape, 1.95))
    found = PromotionTest().take(gains, worse)
    assert (found.score[:, -1] > log(1 / LEVEL)).all()
    assert found.proven().any(axis=1).mean() <= LEVEL


def test_more_tries_ask_more() -> None:
    found = better(5, 20, 8_000, 0.3)
    counts = [found.proven(tries=tries).sum() for tries in (1, 2, 10)]
    assert counts[0] > counts[1] > counts[2] > 0


def test_one_by_one_and_all_at_once_give_the_same_bits() -> None:
    rng = seeded_generator(4)
    p, q = rng.uniform(0.3, 0.7, (2, 400))
    up = rng.random(400) < q
    score, profit = log_score_gains(p, q, up), profit_gains(p, q * up, 0.05)
    whole, single = PromotionTest(), PromotionTest()
    told = whole.take(score, profit)
    steps = [
        single.take(Gains(*(c[k : k + 1] for c in score)), Gains(*(c[k : k + 1] for c in profit)))
        for k in range(400)
    ]
    for name in ("score", "profit"):
        again = np.concatenate([getattr(step, name) for step in steps], axis=1)
        assert again.tobytes() == getattr(told, name).tobytes()
    assert whole.score.lower_bound(0.05) == single.score.lower_bound(0.05)


def test_the_wealth_is_what_the_formula_says() -> None:
    wealth = Wealth((0.5,), (1.0,))
    told = wealth.take(np.array([0.2, -0.1]), np.array([0.3, 0.1]))[0]

    def psi(fall: float) -> float:
        return (-log(1 - 0.5 * fall) - 0.5 * fall) / fall**2

    expected = [0.5 * 0.2 - psi(0.3) * 0.04]
    expected.append(expected[0] - 0.5 * 0.1 - psi(0.1) * 0.01)
    assert told.tolist() == pytest.approx(expected, rel=1e-9)
    bound = wealth.lower_bound(0.05)[0]
    assert expected[1] - 0.5 * 2 * bound == pytest.approx(log(20), rel=1e-9)


def test_the_lower_bound_of_the_mean_fails_in_few_runs() -> None:
    rng = seeded_generator(6)
    wealth = Wealth((1 / 2, 1 / 4, 1 / 8), (1 / 2, 1 / 4, 1 / 4))
    fails = np.zeros(300, bool)
    gains = 0.004 + rng.uniform(-0.1, 0.1, (300, 2_000))
    for part in np.split(gains, 20, axis=1):
        wealth.take(part, np.full(part.shape, 0.1))
        fails |= wealth.lower_bound(0.05) > 0.004
    assert fails.mean() <= 0.05
    assert np.isnan(Wealth((0.5,), (1.0,)).lower_bound(0.05)).all()


def test_what_cannot_be_bet_on_is_refused() -> None:
    with pytest.raises(UsageError, match="shares sum to 1"):
        Wealth((0.5, 0.2), (1.0,))
    with pytest.raises(UsageError, match="clip closer"):
        Wealth((0.5,), (1.0,)).take(np.array([0.0]), np.array([2.0]))
    with pytest.raises(UsageError, match="below the fall"):
        Wealth((0.5,), (1.0,)).take(np.array([-0.5]), np.array([0.2]))


def test_gains_are_bounded_by_what_was_known_before() -> None:
    rng = seeded_generator(8)
    p, q = rng.random((2, 2_000))
    for up in (np.zeros(2_000, bool), np.ones(2_000, bool)):
        found = log_score_gains(p, q, up)
        assert (found.gain >= -found.fall).all()
        assert np.abs(found.gain).max() <= log(0.85 / 0.15) + 1e-12
    earned = profit_gains(np.array([0.0, 9.0]), np.array([0.5, 0.0]), 0.05)
    assert earned.gain.tolist() == [0.55, 0.05 - PROFIT_MOST]
    same = weigh(np.full((1, 2), 0.5), np.full((1, 2), 0.5), np.zeros((1, 2), bool))
    assert np.abs(same.score).max() < 1e-15


def test_windows_do_not_overlap_and_hold_all_of_a_moment() -> None:
    rng = seeded_generator(9)
    time = np.sort(rng.integers(0, 3_000, 4_000))
    end = time + rng.integers(1, 60, 4_000)
    found = choose_windows(time, end)
    assert (found.start[1:] >= found.end[:-1]).all()
    assert (np.diff(found.rows) > 0).all()
    for number in range(0, len(found), 7):
        mine = found.rows[found.owner == number]
        assert mine.tolist() == np.flatnonzero(time == found.start[number]).tolist()
        assert end[mine].max() == found.end[number]
    means = join_gains(Gains(end.astype(float), np.ones(4_000)), found)
    assert means.gain[3] == end[found.rows[found.owner == 3]].mean()
    assert len(choose_windows(np.array([], int), np.array([], int))) == 0

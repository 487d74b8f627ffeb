"""Regimes of the simulated market last, follow and move as published."""

from __future__ import annotations

import numpy as np
import pytest

from assay.market.simulation import Scenario, Simulated, simulate
from assay.market.simulation.switching import (
    DURATION,
    SUCCESSION,
    VOLATILITY,
    drifts,
    succession,
    switch,
    volatilities,
)
from assay.model.regimes import Direction, Regime
from assay.runtime.ids import seeded_generator

HORIZON = 30


@pytest.fixture(scope="module")
def simulated() -> Simulated:
    (found,) = simulate(Scenario(seed=8, bars=40_000, kind="switching", symbols=("EURUSD",)))
    return found


def test_every_regime_is_followed_by_others_and_chances_are_whole() -> None:
    for regime, followers in SUCCESSION.items():
        assert sum(followers.values()) == pytest.approx(1.0)
        assert regime not in followers
    assert (succession() >= 0).all()
    assert set(SUCCESSION) == set(DURATION) == set(Regime)


def test_regimes_last_and_follow_as_published() -> None:
    chances = succession()
    states = switch(seeded_generator(5).random(400_000), chances)
    pairs = np.bincount(states[:-1] * 12 + states[1:], minlength=144).reshape(12, 12)
    visits = pairs.sum(axis=1, keepdims=True)
    error = np.sqrt(chances * (1 - chances) / visits)
    assert (np.abs(pairs / visits - chances) <= 5 * error + 1e-12).all()
    assert (pairs[chances == 0] == 0).all()


def test_bars_move_as_their_regime_says(simulated: Simulated) -> None:
    regime = simulated.volatility.regime
    sigma = simulated.volatility.sigma / volatilities()[regime]
    bars = simulated.bars
    assert bars.ask_close is not None
    assert bars.ask_open is not None
    returns = np.log((bars.close + bars.ask_close) / (bars.open + bars.ask_open))
    for level, multiple in VOLATILITY.items():
        for direction in Direction:
            rows = np.array([each.volatility == level and each.direction == direction
                             for each in Regime])[regime]  # fmt: skip
            if rows.sum() < 500:
                continue
            z = returns[rows] / sigma[rows] / multiple
            drift = drifts(0.25)[regime[rows][0]]
            assert z.mean() == pytest.approx(drift, abs=5 / np.sqrt(len(z))), (level, direction)
            assert z.std() == pytest.approx(1.0, abs=0.1), (level, direction)


def test_what_is_told_of_a_rise_comes_true(simulated: Simulated) -> None:
    told, bars = simulated.rise[:-HORIZON:HORIZON], simulated.bars
    mid = bars.close + bars.ask_close
    rose = (mid[HORIZON:] > mid[:-HORIZON])[::HORIZON]
    for low in (0.0, 0.25, 0.5, 0.75):
        rows = (told >= low) & (told < low + 0.25)
        error = np.sqrt((told[rows] * (1 - told[rows])).sum()) / rows.sum()
        assert rose[rows].mean() == pytest.approx(told[rows].mean(), abs=4 * error), low

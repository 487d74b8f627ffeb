"""The planted truth: what is told of it holds in what is generated, within sampling error."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

from assay.market.simulation import (
    SYMBOLS,
    Scenario,
    bayes_accuracy,
    simulate,
    simulate_truth,
)
from assay.market.simulation.generation import _Market
from assay.market.simulation.mechanisms import DECAY as SLOW_DECAY
from assay.market.simulation.mechanisms import GAIN as SLOW_GAIN
from assay.market.simulation.mechanisms import RHYTHM, TURN
from assay.market.simulation.signal import DECAY, GAIN, Planted, plant_own
from assay.market.simulation.truth import rise_probability
from assay.market.simulation.volatility import Volatility
from assay.model.errors import UsageError
from assay.runtime.ids import seeded_generator

HORIZON = 30
BARS = 40_000
KINDS_WITH_SIGNAL = ("linear", "regime", "lagged", "volatility")
BLOCK_BARS = 20 * HORIZON


@dataclass(frozen=True, slots=True)
class Sample:
    """Hold a simulation's truth and outcome: rise told, rise seen (a half where equal), block."""

    told: np.ndarray
    seen: np.ndarray
    block: np.ndarray


def sample_market(kind: str, seed: int, symbols: tuple[str, ...] = SYMBOLS) -> Sample:
    # Where three mechanisms mix, the next bar alone is told.
    horizon = 1 if kind == "mixed" else HORIZON
    scenario = Scenario(seed=seed, bars=BARS, kind=kind, horizon=horizon, symbols=symbols)
    told, seen, block = [], [], []
    for simulated in simulate(scenario):
        bars = simulated.bars
        twice_mid = bars.close + bars.ask_close
        change = np.sign(twice_mid[horizon:] - twice_mid[:-horizon])
        known = simulated.rise[:-horizon]
        assert not np.isnan(known).any()
        assert np.isnan(simulated.rise[-horizon:]).all()
        told.append(known)
        seen.append((change + 1) / 2)
        # One block holds the same days of every symbol: their returns are correlated.
        block.append(bars.ts_open[:-horizon] // int(scenario.timeframe * BLOCK_BARS))
    return Sample(*map(np.concatenate, (told, seen, block)))


def clustered_z(errors: np.ndarray, block: np.ndarray) -> float:
    """Return the mean error in standard errors of its block sums."""
    _, place = np.unique(block, return_inverse=True)
    sums = np.bincount(place, errors)
    return float(sums.sum() / np.sqrt(np.square(sums).sum()))


@pytest.mark.parametrize("kind", [*KINDS_WITH_SIGNAL, "mixed"])
def test_what_is_told_comes_true(kind: str) -> None:
    sample = sample_market(kind, seed=11)
    rank = np.argsort(np.argsort(sample.told, kind="stable"))
    bins = rank * 20 // len(rank)
    errors = sample.seen - sample.told
    scores = np.array(
        [clustered_z(errors[bins == each], sample.block[bins == each]) for each in range(20)]
    )
    assert np.abs(scores).max() < 4.0, scores
    assert np.square(scores).mean() < 2.5, scores
    tilt = errors * np.sign(sample.told - 0.5)
    assert abs(clustered_z(tilt, sample.block)) < 3.0


@pytest.mark.parametrize("kind", [*KINDS_WITH_SIGNAL, "mixed"])
@pytest.mark.parametrize("coverage", [0.3, 1.0])
def test_the_best_rule_is_as_good_as_told(kind: str, coverage: float) -> None:
    sample = sample_market(kind, seed=12)
    sure = np.abs(sample.told - 0.5)
    taken = np.argsort(-sure, kind="stable")[: round(coverage * len(sure))]
    is_right = np.where(sample.told > 0.5, sample.seen, 1 - sample.seen)[taken]
    promised = bayes_accuracy(sample.told, coverage)
    assert promised is not None
    assert promised == pytest.approx((0.5 + sure[taken]).mean(), abs=1e-12)
    assert abs(clustered_z(is_right - promised, sample.block[taken])) < 3.0


def test_nothing_is_told_of_a_driftless_market_and_nothing_is_there() -> None:
    scenario = Scenario(seed=3, bars=60_000, kind="none", symbols=("EURUSD", "XAUUSD"))
    for simulated in simulate(scenario):
        known = simulated.rise[:-HORIZON]
        assert (known == 0.5).all()
        bars = simulated.bars
        step = np.diff(np.log(bars.close + bars.ask_close))
        assert abs(step.mean()) < 4 * step.std() / np.sqrt(len(step))
        usual = np.abs(step) < 6 * step.std()
        for lag in (1, 2, 5, 10, 30):
            product = step[lag:] * step[:-lag] * usual[lag:] * usual[:-lag]
            assert abs(product.mean()) < 4 * product.std() / np.sqrt(len(product)), lag
        for span in (10, 30, 120):
            wide = np.add.reduceat(step, np.arange(0, len(step) - span, span))
            ratio = wide.var() / span / step.var()
            assert ratio == pytest.approx(1.0, abs=6 * np.sqrt(2.0 / len(wide))), span


def test_no_strength_is_no_signal() -> None:
    chance = simulate_truth(Scenario(seed=1, bars=500, strength=0.0, symbols=("EURUSD",)))["EURUSD"]
    assert (chance[:-HORIZON] == 0.5).all()
    assert bayes_accuracy(chance, 0.3) == 0.5


@pytest.mark.parametrize("kind", KINDS_WITH_SIGNAL)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_half_strength_is_in_the_promised_range(kind: str, seed: int) -> None:
    chances = simulate_truth(Scenario(seed=seed, bars=BARS, kind=kind))
    accuracy = bayes_accuracy(np.concatenate(list(chances.values())), 0.3)
    assert accuracy is not None
    assert 0.57 <= accuracy <= 0.62
    for symbol, chance in chances.items():
        alone = bayes_accuracy(chance, 0.3)
        assert alone is not None
        assert 0.56 <= alone <= 0.64, symbol


@pytest.mark.parametrize("kind", KINDS_WITH_SIGNAL)
def test_accuracy_grows_with_strength(kind: str) -> None:
    found = []
    for strength in np.linspace(0.0, 1.0, 6):
        scenario = Scenario(seed=5, bars=10_000, kind=kind, strength=float(strength))
        chances = np.concatenate(list(simulate_truth(scenario).values()))
        found.append([bayes_accuracy(chances, coverage) for coverage in (0.3, 1.0)])
    assert (np.diff(np.array(found), axis=0) > 0.003).all()


def test_the_closed_form_is_what_many_futures_give() -> None:
    """Hold the recursion against brute force: one past, 40,000 futures drawn from the model."""
    rng, past, futures, horizon = seeded_generator(9), 60, 40_000, 12
    rows = past + horizon
    sigma = 1e-4 * np.exp(0.5 * rng.standard_normal(rows))
    gap = np.where(np.arange(rows) == past + 4, 3e-4, 0.0)
    drive = np.where(rng.random(rows) < 0.7, 0.15, -0.10)
    shocks = rng.standard_normal(rows) + 0.4
    planted = plant_own(shocks, drive)
    volatility = Volatility(sigma, gap, np.zeros(rows, np.int64), np.zeros(rows))
    told = rise_probability(volatility, planted, horizon)[past - 1]

    x = np.full(futures, planted.signal[past - 1])
    total = np.zeros(futures)
    for row in range(past, rows):
        z = drive[row - 1] * x + rng.standard_normal(futures)
        x = DECAY * x + GAIN * z
        total += sigma[row] * z + gap[row] * rng.standard_normal(futures)
    seen = (total > 0).mean()
    assert abs(told - 0.5) > 0.02
    assert abs(seen - told) < 4 * np.sqrt(told * (1 - told) / futures)


def test_a_follower_is_foretold_through_its_leader() -> None:
    """Hold the leader's recursion against brute force, the leader standing still for some bars."""
    rng, past, futures, horizon, correlation = seeded_generator(10), 50, 40_000, 10, -0.6
    rows = past + horizon
    sigma = 1e-4 * np.exp(0.4 * rng.standard_normal(rows))
    drive = 0.12
    trades = ~np.isin(np.arange(rows), (past + 2, past + 3))
    transition = np.where(trades, DECAY + GAIN * drive, 1.0)
    gain = np.where(trades, GAIN, 0.0)
    signal = np.zeros(rows)
    for row in range(1, rows):
        signal[row] = transition[row] * signal[row - 1] + gain[row] * rng.standard_normal()
    planted = Planted(np.zeros(rows), signal, np.full(rows, -drive), transition, gain, correlation)
    still = np.zeros(rows)
    volatility = Volatility(sigma, still, np.zeros(rows, np.int64), still)
    told = rise_probability(volatility, planted, horizon)[past - 1]

    x, total = np.full(futures, signal[past - 1]), np.zeros(futures)
    for row in range(past, rows):
        leading = rng.standard_normal(futures)
        own = correlation * leading + np.sqrt(1 - correlation**2) * rng.standard_normal(futures)
        total += sigma[row] * (-drive * x + own)
        x = transition[row] * x + gain[row] * leading
    seen = (total > 0).mean()
    assert abs(told - 0.5) > 0.02
    assert abs(seen - told) < 4 * np.sqrt(told * (1 - told) / futures)


def test_each_of_three_mechanisms_moves_the_next_bar_as_much() -> None:
    scenario = Scenario(seed=4, bars=BARS, kind="mixed", horizon=1, symbols=("USDCHF",))
    market = _Market(scenario)
    course, leader = market.course("USDCHF"), market.course("XAUUSD")
    z = course.planted.returns
    own, led = (np.zeros(len(z)) for _ in range(2))
    shocks, its = (market._shocks(each.asset, each.opens) for each in (course, leader))
    its_shock = dict(zip(leader.opens.tolist(), its.tolist(), strict=True))
    correlation = course.asset.dollar * leader.asset.dollar
    for row in range(1, len(z)):
        own[row] = SLOW_DECAY * own[row - 1] + SLOW_GAIN * z[row]
        led[row] = led[row - 1]
        heard = its_shock.get(int(course.opens[row]))
        if heard is not None:
            apart = (heard - correlation * shocks[row]) / np.sqrt(1 - correlation**2)
            led[row] = SLOW_DECAY * led[row] + SLOW_GAIN * apart
    turned = np.where(np.abs(own) < TURN, own, -own)
    rhythm = np.convolve(z, RHYTHM)[: len(z)]
    known = np.column_stack([np.roll(led, 1), turned, rhythm, own])[20:-1]
    slopes = np.linalg.lstsq(known, z[21:], rcond=None)[0]
    error = 4 / np.sqrt(len(known))
    assert slopes == pytest.approx([0.09, 0.09, 0.09, 0.0], abs=error)
    assert known.std(axis=0) == pytest.approx(np.ones(4), abs=0.15)


def test_accuracy_of_nothing_is_none() -> None:
    assert bayes_accuracy(np.full(3, np.nan), 0.3) is None
    assert bayes_accuracy(np.array([0.4, np.nan, 0.9]), 0.3) == pytest.approx(0.9)
    assert bayes_accuracy(np.array([0.4, np.nan, 0.9]), 1.0) == pytest.approx(0.75)


@pytest.mark.parametrize("kind", ["linear", "regime", "lagged", "volatility", "mixed", "switching"])
def test_an_inverted_signal_means_the_opposite_from_its_bar_on(kind: str) -> None:
    horizon = 1 if kind == "mixed" else 30
    scenario = Scenario(
        seed=8, bars=6_000, kind=kind, strength=0.9, horizon=horizon, symbols=("GBPUSD",)
    )
    (plain,), (turned,) = (
        simulate(each) for each in (scenario, replace(scenario, invert_at=3_000))
    )
    same = plain.bars.close == turned.bars.close
    assert same[:3_000].all()
    assert not same[3_000:].all()
    assert np.array_equal(plain.rise[: 3_000 - 30], turned.rise[: 3_000 - 30])
    assert not np.allclose(plain.rise[3_000 - 30 :], turned.rise[3_000 - 30 :], equal_nan=True)


def test_the_truth_of_an_inverted_signal_comes_true_too() -> None:
    scenario = Scenario(
        seed=9, bars=40_000, strength=1.0, horizon=5, symbols=("EURUSD",), invert_at=5_000
    )
    (found,) = simulate(scenario)
    mid = found.bars.close + found.bars.ask_close
    rose, p = mid[5:] > mid[:-5], found.rise[:-5]
    sure = np.abs(p - 0.5) > 0.08
    assert ((p > 0.5) == rose)[5_000:][sure[5_000:]].mean() == pytest.approx(
        np.maximum(p, 1 - p)[5_000:][sure[5_000:]].mean(), abs=0.02
    )


def test_an_inversion_before_the_first_bar_is_refused() -> None:
    with pytest.raises(UsageError, match="inversion at bar 0 is none"):
        Scenario(seed=1, bars=10, invert_at=0)

"""Value at risk and expected shortfall against published figures and other formulas; backtests."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import pytest

from assay.model.errors import UsageError
from assay.runtime.ids import seeded_generator
from assay.trading.risk.measures import (
    METHODS,
    backtest_measure,
    estimate_loss,
    profit_and_loss,
    walk_forward,
)
from assay.trading.risk.measures.backtests import (
    coverage_ratio,
    independence_ratio,
    proportion_ratio,
    rank_ratios,
    simulate_orders,
    simulate_ratios,
)
from assay.trading.risk.measures.estimates import rises

NORMAL = NormalDist()


def normal_profits(count: int, mean: float = 0.0, deviation: float = 1.0) -> np.ndarray:
    """Return quantiles of a normal distribution, as even as a sample can be."""
    marks = (np.arange(count) + 0.5) / count
    return np.array([mean + deviation * NORMAL.inv_cdf(mark) for mark in marks])


@pytest.mark.parametrize(
    ("confidence", "at_risk", "shortfall"),
    # Of the standard normal: McNeil, Frey, Embrechts, Quantitative Risk Management, table 2.1,
    # and the 2.338 that Basel's change from 99 % to 97.5 % shortfall is known for.
    [(0.95, 1.645, 2.063), (0.975, 1.960, 2.338), (0.99, 2.326, 2.665)],
)
@pytest.mark.parametrize("method", METHODS)
def test_normal_profits_have_the_figures_of_the_tables(
    method: str, confidence: float, at_risk: float, shortfall: float
) -> None:
    found = estimate_loss(normal_profits(20_000), confidence, method)
    assert found.method == method
    assert found.value_at_risk == pytest.approx(at_risk, abs=0.003)
    assert found.shortfall == pytest.approx(shortfall, abs=0.004)
    moved = estimate_loss(normal_profits(20_000, 0.5, 2.0), confidence, method)
    assert moved.value_at_risk == pytest.approx(2 * found.value_at_risk - 0.5)
    assert moved.shortfall == pytest.approx(2 * found.shortfall - 0.5)


def test_the_historical_tail_counts_its_last_loss_in_part() -> None:
    pnl = np.concatenate([[-90.0, -50.0, -40.0, -10.0], np.zeros(96)])
    found = estimate_loss(pnl, 0.975)
    assert found.value_at_risk == 40  # 2.5 losses are the tail: the third counts a half
    assert found.shortfall == pytest.approx((90 + 50 + 20) / 2.5)
    assert estimate_loss(pnl, 0.98).shortfall == pytest.approx(70)
    assert estimate_loss(pnl, 0.999).shortfall == pytest.approx(90)


def test_cornish_fisher_is_the_mean_of_the_bent_quantile() -> None:
    pnl = 3.0 * seeded_generator(5).gamma(40.0, 1.0, 5_000) - 100.0
    pnl = -pnl
    mean, deviation = pnl.mean(), pnl.std(ddof=1)
    centred = (pnl - mean) / pnl.std()
    skewness, kurtosis = (centred**3).mean(), (centred**4).mean() - 3
    assert skewness < -0.2

    def quantile(p: float) -> float:
        z = NORMAL.inv_cdf(p)
        bent = z + (z**2 - 1) * skewness / 6 + (z**3 - 3 * z) * kurtosis / 24
        return float(mean + deviation * (bent - (2 * z**3 - 5 * z) * skewness**2 / 36))

    found = estimate_loss(pnl, 0.99, "cornish-fisher")
    assert found.method == "cornish-fisher"
    assert found.value_at_risk == pytest.approx(-quantile(0.01))
    marks = (np.arange(20_000) + 0.5) / 20_000 * 0.01
    tail = float(np.mean([-quantile(mark) for mark in marks]))
    assert found.shortfall == pytest.approx(tail, rel=1e-4)
    # The true quantile of a gamma distribution, which the normal one misses by a tenth.
    normal = estimate_loss(pnl, 0.99, "parametric").value_at_risk
    true = float(np.quantile(-pnl, 0.99))
    assert abs(found.value_at_risk - true) < abs(normal - true) / 2


def test_where_the_bent_quantile_is_none_the_losses_are_taken() -> None:
    assert not rises(-2.0, 1.0, -2.3)
    assert rises(0.1, -0.1, -2.3)
    pnl = np.concatenate([np.full(196, 1.0), np.full(4, -100.0)])
    found = estimate_loss(pnl, 0.99, "cornish-fisher")
    assert found == estimate_loss(pnl, 0.99, "historical")
    assert estimate_loss(np.full(200, 2.0), 0.99, "parametric").value_at_risk == -2


def test_positions_fall_together_as_they_did() -> None:
    returns = np.array([[0.01, 0.02], [-0.02, -0.01], [0.03, -0.03]])
    pnl = profit_and_loss(np.array([100.0, -50.0]), returns)
    assert pnl.tolist() == pytest.approx([0.0, -1.5, 4.5])


def test_a_walk_sees_nothing_but_its_past() -> None:
    pnl = seeded_generator(1).normal(size=400)
    whole = walk_forward(pnl, 150, 0.95)
    assert len(whole) == 250
    changed = pnl.copy()
    changed[300:] *= 10
    again = walk_forward(changed, 150, 0.95)
    assert (again[:151] == whole[:151]).all()
    assert (again[151:] != whole[151:]).any()


def test_what_cannot_be_measured_is_refused() -> None:
    pnl = normal_profits(200)
    for given, confidence, method, says in (
        (pnl, 0.99, "guess", "method 'guess' is unknown"),
        (pnl, 99.0, "historical", "confidence 99 is outside"),
        (pnl[:99], 0.99, "historical", "99 profits"),
        (np.append(pnl, np.nan), 0.99, "historical", "finite"),
    ):
        with pytest.raises(UsageError, match=says):
            estimate_loss(given, confidence, method)


def breaches(days: int, *at: int) -> np.ndarray:
    found = np.zeros(days, np.bool_)
    found[list(at)] = True
    return found


def test_the_proportion_is_that_of_the_books() -> None:
    # Jorion, Value at Risk (3rd edition, section 6.2): J.P. Morgan in 1998, 20 breaches of 252
    # days at 95 %, a likelihood ratio of 3.91.
    assert proportion_ratio(breaches(252, *range(20)), 0.05) == pytest.approx(3.91, abs=0.005)
    assert proportion_ratio(breaches(250), 0.01) == pytest.approx(-500 * math.log(0.99))
    assert proportion_ratio(breaches(100, *range(5)), 0.05) == 0


def test_independence_is_the_ratio_of_two_likelihoods() -> None:
    found = breaches(250, 3, 4, 5, 90, 91, 180, 249)
    n11, n10, n01 = 3, 3, 4
    n00 = 249 - n11 - n10 - n01
    share, after, calm = 7 / 249, n11 / (n11 + n10), n01 / (n01 + n00)
    alike = share**7 * (1 - share) ** 242
    chain = calm**n01 * (1 - calm) ** n00 * after**n11 * (1 - after) ** n10
    expected = -2 * math.log(alike / chain)
    assert expected > 10
    assert independence_ratio(found) == pytest.approx(expected)
    assert coverage_ratio(found, 0.01) == pytest.approx(expected + proportion_ratio(found, 0.01))
    assert independence_ratio(breaches(250)) == 0


SIMULATIONS = 2_000
NOMINAL = 0.05


@pytest.mark.parametrize("rate", [0.01, 0.05])
@pytest.mark.parametrize("days", [250, 1_000])
def test_a_true_model_is_rejected_as_often_as_promised(days: int, rate: float) -> None:
    rng = seeded_generator(7, days, round(1 / rate))
    breached = rng.random((SIMULATIONS, days)) < rate
    sizes = {}
    for name, statistic in (("proportion", proportion_ratio), ("coverage", coverage_ratio)):
        simulated = simulate_ratios(statistic, days, rate, 3_999, rng)
        p_values = rank_ratios(statistic(breached, rate), simulated, rng)
        sizes[name] = (p_values <= NOMINAL).mean()
    hits = breached.sum(1)
    p_values = np.ones(SIMULATIONS)
    for count in np.unique(hits):
        alike = hits == count
        simulated = simulate_orders(days, int(count), 999, rng)
        p_values[alike] = rank_ratios(independence_ratio(breached[alike]), simulated, rng)
    sizes["independence"] = (p_values <= NOMINAL).mean()
    assert all(0.03 <= size <= 0.07 for size in sizes.values()), sizes


def test_models_that_break_their_word_are_found_out() -> None:
    rng = seeded_generator(3)
    losses = rng.normal(size=1_000)
    word = np.full(1_000, NORMAL.inv_cdf(0.99))
    kept = backtest_measure(losses, word, 0.99, seeded_generator(1), 999)
    assert (kept.days, kept.expected) == (1_000, pytest.approx(10))
    assert min(kept.proportion.p_value, kept.independence.p_value, kept.coverage.p_value) > 0.05
    assert kept == backtest_measure(losses, word, 0.99, seeded_generator(1), 999)
    low = backtest_measure(losses, word - 0.5, 0.99, seeded_generator(1), 999)
    assert low.proportion.p_value < 0.01 < low.independence.p_value
    clustered = losses.copy()
    clustered[500:510] = 5.0
    found = backtest_measure(clustered, word, 0.99, seeded_generator(1), 999)
    assert max(found.independence.p_value, found.coverage.p_value) < 0.01


def test_a_backtest_without_figures_is_refused() -> None:
    rng = seeded_generator(1)
    with pytest.raises(UsageError, match="19 losses and 19 measures"):
        backtest_measure(np.zeros(19), np.zeros(19), 0.99, rng)
    with pytest.raises(UsageError, match="no finite number"):
        backtest_measure(np.zeros(20), np.full(20, np.nan), 0.99, rng)

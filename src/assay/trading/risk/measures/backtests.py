"""Did value at risk keep its word: as many breaches as promised, and none that call the next?

Kupiec's test of their proportion (1995), Christoffersen's of their independence and of both
(1998). Likelihood ratios of so few breaches are far from chi-squared, so p-values come from
simulation (Christoffersen, Pelletier 2004), ties broken by chance (Dufour 2006), which makes them
exact: 5 % of true models are rejected at 5 %.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.special import xlogy

from assay.model.errors import UsageError

if TYPE_CHECKING:
    from assay.runtime.ids import Generator

Bools = NDArray[np.bool_]
Float64s = NDArray[np.float64]
Statistic = Callable[[Bools, float], Float64s]
"""A likelihood ratio of breaches [..., days] at a promised rate."""
DRAWS = 9_999
_CELLS = 4_000_000
LEAST_DAYS = 20
_DIGITS = 9
"""Beyond them two ways to one ratio differ by rounding, and a tie would be none."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Hold a likelihood ratio and the chance of one as large if value at risk keeps its word."""

    ratio: float
    p_value: float


@dataclass(frozen=True, slots=True)
class Backtest:
    """Hold how often losses passed value at risk, how often they should have, and the tests."""

    days: int
    breaches: int
    expected: float
    proportion: Verdict
    independence: Verdict
    coverage: Verdict


def _log_likelihood(hits: Float64s, trials: Float64s) -> Float64s:
    """Return the greatest log-likelihood that so many hits of so many trials have."""
    share = hits / np.maximum(trials, 1)
    likelihood: Float64s = xlogy(hits, share) + xlogy(trials - hits, 1 - share)
    return likelihood


def proportion_ratio(breached: Bools, rate: float) -> Float64s:
    """Return Kupiec's likelihood ratio of breaches [..., days] at a promised rate."""
    days, hits = breached.shape[-1], breached.sum(-1).astype(float)
    promised = xlogy(hits, rate) + xlogy(days - hits, 1 - rate)
    ratio: Float64s = 2 * (_log_likelihood(hits, np.full_like(hits, days)) - promised)
    return np.maximum(np.round(ratio, _DIGITS), 0.0)


def independence_ratio(breached: Bools) -> Float64s:
    """Return Christoffersen's likelihood ratio of breaches [..., days] against a chain of them."""
    before, after = breached[..., :-1], breached[..., 1:]
    both = (before & after).sum(-1).astype(float)
    led, followed = before.sum(-1).astype(float), after.sum(-1).astype(float)
    days = np.full_like(both, before.shape[-1])
    chained = _log_likelihood(both, led) + _log_likelihood(followed - both, days - led)
    ratio: Float64s = 2 * (chained - _log_likelihood(followed, days))
    return np.maximum(np.round(ratio, _DIGITS), 0.0)


def coverage_ratio(breached: Bools, rate: float) -> Float64s:
    """Return the likelihood ratio of both, Christoffersen's conditional coverage."""
    return proportion_ratio(breached, rate) + independence_ratio(breached)


def _parts(draws: int, days: int) -> list[int]:
    """Return into how many rows at a time draws are cut, so that memory stays small."""
    rows = max(_CELLS // days, 1)
    return [min(rows, draws - done) for done in range(0, draws, rows)]


def simulate_ratios(
    statistic: Statistic, days: int, rate: float, draws: int, rng: Generator
) -> Float64s:
    """Return a statistic [draws] of models that keep their word."""
    found = [statistic(rng.random((rows, days)) < rate, rate) for rows in _parts(draws, days)]
    return np.sort(np.concatenate(found))


def simulate_orders(days: int, hits: int, draws: int, rng: Generator) -> Float64s:
    """Return the ratio of independence [draws] of so many breaches that come in any order.

    Given their number every order is as likely as another, whatever the rate behind them: at a rate
    that is estimated from three breaches too few true models would be rejected.
    """
    ordered = np.arange(days) < hits
    found = [
        independence_ratio(rng.permuted(np.broadcast_to(ordered, (rows, days)), axis=1))
        for rows in _parts(draws, days)
    ]
    return np.sort(np.concatenate(found))


def rank_ratios(ratios: Float64s, simulated: Float64s, rng: Generator) -> Float64s:
    """Return the p-value of each ratio among simulated ones, which are in order."""
    greater = len(simulated) - np.searchsorted(simulated, ratios, "right")
    ties = len(simulated) - np.searchsorted(simulated, ratios, "left") - greater
    ahead = rng.binomial(ties, rng.random(np.shape(ratios)))
    p_values: Float64s = (1 + greater + ahead) / (len(simulated) + 1)
    return p_values


def backtest_measure(
    losses: Float64s, measured: Float64s, confidence: float, rng: Generator, draws: int = DRAWS
) -> Backtest:
    """Hold losses [days] to the value at risk that was told before each of them.

    Equal losses and an equally seeded generator give equal answers. Raise UsageError where there
    are too few days, or one without a figure.
    """
    if len(losses) != len(measured) or len(losses) < LEAST_DAYS:
        raise UsageError(
            f"{len(losses)} losses and {len(measured)} measures were given; there must be as many "
            f"of both, and {LEAST_DAYS} at least"
        )
    if not (np.isfinite(losses).all() and np.isfinite(measured).all()):
        raise UsageError("a loss or a measure is no finite number; leave that day out")
    breached, rate = losses > measured, 1 - confidence
    days, hits = len(losses), int(breached.sum())
    verdicts = []
    for ratio, simulated in (
        (proportion_ratio(breached, rate),
         simulate_ratios(proportion_ratio, days, rate, draws, rng)),
        (independence_ratio(breached), simulate_orders(days, hits, draws, rng)),
        (coverage_ratio(breached, rate), simulate_ratios(coverage_ratio, days, rate, draws, rng)),
    ):  # fmt: skip
        verdicts.append(Verdict(float(ratio), float(rank_ratios(ratio, simulated, rng))))
    return Backtest(days, hits, days * rate, *verdicts)

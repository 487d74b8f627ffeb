"""Shares of capital to hold of each instrument, from their joint returns.

Every method returns weights >= 0 that sum to 1. A short is held by turning its returns round.
Covariances are Ledoit and Wolf's, shrunk on standardised returns towards no correlation, so that a
volatile instrument does not decide how much the others are shrunk.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from assay.model.errors import DataError, UsageError

Floats = npt.NDArray[np.float64]

TAIL = 0.05
LEAST_ROWS = 60
TOLERANCE = 1e-12


class Terms(NamedTuple):
    """Hold what a method is told: the largest weight, aversion to variance, the share of the tail.

    Utility is the mean less `aversion` / 2 x variance of a period's returns; 1 is Kelly's.
    """

    most: float = 1.0
    aversion: float = 4.0
    tail: float = TAIL


TERMS = Terms()


def shrink_covariance(returns: Floats) -> Floats:
    """Return the covariance of returns [t, n], shrunk as far as its own noise asks.

    Source: Ledoit and Wolf, "A well-conditioned estimator for large-dimensional covariance
    matrices", Journal of Multivariate Analysis 88(2), 2004, as scikit-learn computes it.
    """
    from sklearn.covariance import ledoit_wolf

    deviations = returns.std(axis=0)
    if not deviations.all():
        raise DataError("an instrument's returns do not vary; leave it out")
    correlation, _ = ledoit_wolf(returns / deviations)
    return np.asarray(correlation * np.outer(deviations, deviations))


def shrink_means(returns: Floats, covariance: Floats) -> Floats:
    """Return mean returns drawn towards that of the least risky portfolio.

    m + s (m0 - m) with s = (n + 2) / (n + 2 + t (m - m0)' S^-1 (m - m0)). Source: Jorion,
    "Bayes-Stein Estimation for Portfolio Analysis", Journal of Financial and Quantitative Analysis
    21(3), 1986.
    """
    count, n = returns.shape
    means = returns.mean(axis=0)
    least = np.linalg.solve(covariance, np.ones(n))
    grand = float(least @ means / least.sum())
    apart = means - grand
    away = float(apart @ np.linalg.solve(covariance, apart))
    return np.asarray(means - (n + 2) / (n + 2 + count * away) * apart)


def mean_variance(returns: Floats, terms: Terms = TERMS) -> Floats:
    """Return the weights of the greatest utility, means and covariance shrunk."""
    from scipy.optimize import minimize

    aversion = terms.aversion
    covariance = shrink_covariance(returns)
    means = shrink_means(returns, covariance)
    n = len(means)
    # In units of the risk of equal shares the problem is as well scaled for minutes as for months.
    scale = aversion * float(np.trace(covariance)) / n
    found = minimize(
        lambda w: float(aversion / 2 * w @ covariance @ w - means @ w) / scale,
        np.full(n, 1 / n),
        jac=lambda w: (aversion * covariance @ w - means) / scale,
        bounds=[(0.0, terms.most)] * n,
        constraints={"type": "eq", "fun": lambda w: w.sum() - 1, "jac": lambda _: np.ones(n)},
        method="SLSQP",
        options={"ftol": TOLERANCE, "maxiter": 500},
    )
    return _settle(found, "mean-variance")


def risk_parity(returns: Floats, terms: Terms = TERMS) -> Floats:
    """Return the weights of which each brings the same share of the risk.

    They minimise w' S w / 2 - sum(log w) / n, scaled to sum to 1. Source: Spinu, "An Algorithm for
    Computing Risk Parity Weights", SSRN 2297383, 2013.
    """
    from scipy.optimize import minimize

    if terms.most < 1:
        raise UsageError("risk parity has no room for --most; use another method")
    covariance = shrink_covariance(returns)
    deviations = np.sqrt(np.diag(covariance))
    correlation, n = covariance / np.outer(deviations, deviations), len(covariance)

    def hessian(y: Floats) -> Floats:
        held = np.exp(y)
        bound = correlation * np.outer(held, held)
        return np.asarray(bound + np.diag(bound.sum(axis=1)))

    # In logarithms of weights nothing can leave the positive side.
    found = minimize(
        lambda y: float(0.5 * np.exp(y) @ correlation @ np.exp(y) - y.sum() / n),
        np.full(n, -0.5 * np.log(float(correlation.sum()))),
        jac=lambda y: np.exp(y) * (correlation @ np.exp(y)) - 1 / n,
        hess=hessian,
        method="trust-exact",
        options={"gtol": 1e-10},
    )
    found.x = np.exp(found.x) / deviations
    return _settle(found, "risk parity")


def minimum_cvar(returns: Floats, terms: Terms = TERMS) -> Floats:
    """Return the weights of the least mean loss in the tail of the rows.

    As a linear program. Source: Rockafellar and Uryasev, "Optimization of conditional
    value-at-risk", Journal of Risk 2(3), 2000.
    """
    from scipy.optimize import linprog
    from scipy.sparse import csr_array, eye_array, hstack

    count, n = returns.shape
    # Columns are weights, the quantile, and how far each row is beyond it.
    cost = np.concatenate((np.zeros(n), [1.0], np.full(count, 1 / (terms.tail * count))))
    beyond = hstack((csr_array(-returns), csr_array(-np.ones((count, 1))), -eye_array(count)))
    found = linprog(
        cost, A_ub=beyond.tocsr(), b_ub=np.zeros(count),
        A_eq=csr_array(np.concatenate((np.ones(n), np.zeros(count + 1)))[None]), b_eq=[1.0],
        bounds=[(0.0, terms.most)] * n + [(None, None)] + [(0.0, None)] * count, method="highs",
    )  # fmt: skip
    if found.x is not None:
        found.x = found.x[:n]
    return _settle(found, "minimum CVaR")


METHODS: dict[str, Callable[[Floats, Terms], Floats]] = {
    "mean-variance": mean_variance,
    "risk-parity": risk_parity,
    "minimum-cvar": minimum_cvar,
}


def choose_targets(returns: Floats, method: str, terms: Terms = TERMS) -> Floats:
    """Return the weights of a method by name; raise UsageError or DataError where it cannot."""
    if method not in METHODS:
        raise UsageError(f"method {method!r} is unknown; use one of {', '.join(METHODS)}")
    count, n = returns.shape
    if count < max(LEAST_ROWS, n + 1):
        needed = max(LEAST_ROWS, n + 1)
        raise DataError(f"{count} rows of returns; {n} instruments need at least {needed}")
    if terms.most * n < 1:
        raise UsageError(f"{n} instruments of at most {terms.most:g} each do not make a whole")
    return METHODS[method](returns, terms)


def risk_shares(weights: Floats, covariance: Floats) -> Floats:
    """Return what share of a portfolio's variance each weight brings."""
    brought = weights * (covariance @ weights)
    return np.asarray(brought / brought.sum())


def cvar_of(returns: Floats, weights: Floats, tail: float = TAIL) -> float:
    """Return the mean loss in the worst `tail` of the rows, the last one in part.

    >>> cvar_of(np.array([[-4.0], [-2.0], [1.0], [3.0]]), np.array([1.0]), tail=0.375)
    3.3333333333333335
    """
    losses = np.sort(-(returns @ weights))[::-1]
    whole = tail * len(losses)
    share = np.clip(whole - np.arange(len(losses)), 0.0, 1.0)
    return float(losses @ share / whole)


def _settle(found: object, name: str) -> Floats:
    """Return the weights of a SciPy result, cleared of what rounding leaves."""
    weights = getattr(found, "x", None)
    if weights is None or not np.isfinite(weights).all() or not _is_done(found):
        raise DataError(f"{name} found no weights ({getattr(found, 'message', 'unknown')})")
    cleared = np.where(weights < 1e-9, 0.0, weights)
    return np.asarray(cleared / cleared.sum())


def _is_done(found: object) -> bool:
    gradient = getattr(found, "jac", None)
    # Near its optimum a trust region may stop for want of precision, which is no failure.
    near = gradient is not None and float(np.abs(gradient).max()) < 1e-7
    return bool(getattr(found, "success", False)) or near

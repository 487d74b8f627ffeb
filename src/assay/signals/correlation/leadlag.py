"""Who moves first: correlations at lags, with a verdict that a common factor does not deceive.

The plain cross-correlation at a lag is not 0 wherever two instruments move together and either
returns by itself. So what the follower's own past foretells is taken out of both sides first, and
the rest is judged by Newey-West, corrected for the number of tests (Bonferroni).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from assay.kernel.compiling import compiled
from assay.signals.correlation.alignment import Returns
from assay.signals.correlation.uncertainty import long_run_sum

Float64s = NDArray[np.float64]
Int64s = NDArray[np.int64]

CHANCE = 0.05
"""How likely it is that any lead is found where there is none."""
ROWS_LEAST = 200
COLLINEAR = 1e-9
"""The share of a column's power below which nothing of it is left."""


@dataclass(frozen=True, slots=True)
class LeadLag:
    """Say how one instrument's return goes with another's `lag` bars later.

    `cross` is the plain correlation; `partial` that beside the follower's own past, with its
    interval corrected for all tests; `leads` where that excludes 0.
    """

    leader: str
    follower: str
    lag: int
    cross: float
    partial: float
    low: float
    high: float
    leads: bool


@dataclass(frozen=True, slots=True)
class LeadLags:
    """Hold every tested pair and lag, and how many rows had all their lags behind them."""

    rows: int
    lags: int
    tests: tuple[LeadLag, ...]


def measure_leads(returns: Returns, lags: int) -> LeadLags:
    """Test each ordered pair at 1 to `lags` bars; no tests where fewer than ROWS_LEAST rows serve.

    Only rows whose `lags` predecessors follow each other without a gap serve. Source: C. Granger,
    Investigating causal relations by econometric models, Econometrica 37, 1969; the bound as in
    `long_run_sum`.
    """
    position = returns.position
    rows = np.arange(lags, len(returns))
    rows = rows[position[rows] - position[rows - lags] == lags]
    if len(rows) < ROWS_LEAST or lags < 1:
        return LeadLags(len(rows), lags, ())
    values = returns.values - returns.values[rows].mean(axis=0)
    deviation = np.sqrt((values[rows] ** 2).mean(axis=0))
    values = values / np.where(deviation > 0, deviation, 1.0)
    size = len(returns.symbols)
    quantile = float(ndtri(1 - CHANCE / (2 * size * (size - 1) * lags)))
    tests = [
        LeadLag(
            returns.symbols[leader], returns.symbols[follower], lag, cross, partial,
            partial - quantile * error, partial + quantile * error,
            abs(partial) > quantile * error,
        )
        for follower in range(size)
        for leader, lag, cross, partial, error in _test_follower(values, rows, follower, lags)
    ]  # fmt: skip
    return LeadLags(len(rows), lags, tuple(tests))


def _test_follower(
    values: Float64s, rows: Int64s, follower: int, lags: int
) -> Iterator[tuple[int, int, float, float, float]]:
    """Yield leader, lag, cross-correlation, partial correlation and its standard error."""
    columns = np.ascontiguousarray(values.T)
    basis = np.ones((lags + 1, len(rows)))
    for lag in range(1, lags + 1):
        basis[lag] = columns[follower, rows - lag]
    orthogonalise(basis)
    now = columns[follower, rows]
    rest = now.copy()
    take_out(basis, rest)
    for leader in range(len(columns)):
        if leader == follower:
            continue
        for lag in range(1, lags + 1):
            before = columns[leader, rows - lag]
            cross, partial, error = judge_lead(now, rest, before, basis)
            yield leader, lag, cross, partial, error


@compiled
def take_out(basis, column):  # type: ignore[no-untyped-def]
    """Take the directions of the basis [directions, n] out of a column."""
    for k in range(len(basis)):
        share = 0.0
        for t in range(len(column)):
            share += basis[k, t] * column[t]
        for t in range(len(column)):
            column[t] -= share * basis[k, t]


@compiled
def orthogonalise(basis):  # type: ignore[no-untyped-def]
    """Make the directions [directions, n] orthonormal (Gram-Schmidt); 0 where one adds none."""
    for k in range(len(basis)):
        before = power = 0.0
        for t in range(basis.shape[1]):
            before += basis[k, t] ** 2
        take_out(basis[:k], basis[k])
        for t in range(basis.shape[1]):
            power += basis[k, t] ** 2
        scale = 1.0 / math.sqrt(power) if power > COLLINEAR * before else 0.0
        for t in range(basis.shape[1]):
            basis[k, t] *= scale


@compiled
def judge_lead(now, rest, before, basis):  # type: ignore[no-untyped-def]
    """Return the cross-correlation, the partial one, and its error, infinite where none is left."""
    rows, cross, own, power = len(now), 0.0, 0.0, 0.0
    for t in range(rows):
        cross += before[t] * now[t] / rows
    take_out(basis, before)
    for t in range(rows):
        own += before[t] * before[t]
        power += rest[t] * rest[t]
    scale = math.sqrt(own * power)
    if scale <= COLLINEAR * rows:
        return cross, 0.0, np.inf
    partial = 0.0
    for t in range(rows):
        before[t] = before[t] * rest[t] / scale
        partial += before[t]
    for t in range(rows):
        before[t] -= partial / rows
    # Where nobody leads, products do not foretell each other: few lags are enough.
    return cross, partial, math.sqrt(long_run_sum(before, len(basis) - 1))

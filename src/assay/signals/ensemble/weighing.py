"""Fit the weights of log odds that make held-out rows likeliest, none of them below 0."""

from __future__ import annotations

import numpy as np

from assay.signals.calibration.logistic import logistic
from assay.signals.ensemble.ports import Bools, Float64s, HeldOut

NEWTON_STEPS = 25
SETTLED = 1e-10
STEADY = 1e-3
"""A ridge, as a share of the rows: members that say the same share their weight."""


def fit_weights(odds: Float64s, up: Bools, weight: Float64s, base: float = 0.0) -> Float64s:
    """Return the weight of each member's log odds [n, members], by Newton's method.

    The constant is the `base` that they are told beside, and is not fitted. A member whose weight
    is below 0 adds nothing but chance: the worst is left out until there is none, so that its
    weight is 0. Source: D. Wolpert, Stacked generalization, Neural Networks, 1992; L. Breiman,
    Stacked regressions, Machine Learning, 1996 (weights above 0).
    """
    found = np.zeros(odds.shape[1])
    kept = list(range(odds.shape[1]))
    while kept:
        part = _fit_free(odds[:, kept], up, weight, base)
        if part.min() >= 0:
            found[kept] = part
            break
        del kept[int(part.argmin())]
    return found


def _fit_free(odds: Float64s, up: Bools, weight: Float64s, base: float) -> Float64s:
    found = np.zeros(odds.shape[1])
    ridge = STEADY * float(weight.sum()) * np.eye(odds.shape[1])
    for _ in range(NEWTON_STEPS):
        # Not by BLAS, whose sums depend on how many threads the machine has to spare.
        p = logistic(base + np.einsum("nm,m->n", odds, found))
        slope = np.einsum("nm,n->m", odds, weight * (up - p)) - ridge @ found
        curvature = np.einsum("nm,nk->mk", odds * (weight * p * (1 - p))[:, None], odds) + ridge
        step = np.linalg.solve(curvature, slope)
        found += step
        if np.abs(step).max() < SETTLED:
            break
    return found


def scale_weights(shares: Float64s, held: HeldOut) -> Float64s:
    """Return shares [members] times the one factor that makes the rows likeliest.

    Where none is above 0 the shares stay: they say nothing, and calibration will find that out.
    """
    pooled = np.einsum("nm,m->n", held.odds, shares)[:, None]
    factor = float(fit_weights(pooled, held.up, held.weight, held.base)[0])
    return shares * factor if factor > 0 else shares

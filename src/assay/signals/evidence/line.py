"""A straight line in log odds through the features: the least that a model must do better than."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assay.signals.calibration.logistic import logistic

Float64s = NDArray[np.float64]
Features = NDArray[np.float32]
Bools = NDArray[np.bool_]
RIDGE = 1e-3
"""Part of the weight of all rows that a slope is held back by."""
OUTLYING = 5.0
"""Standard deviations that a feature is held within, so that no single bar bends the line."""
STEPS, SETTLED = 25, 1e-8
CHUNK = 8_192


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Hold how features are scaled, which are known, and the slopes on them, the constant first."""

    known: Bools
    mean: Float64s
    spread: Float64s
    slopes: Float64s

    def predict(self, features: Features) -> Float64s:
        """Return the probability of each row of features [n, k]."""
        found = np.empty(len(features))
        for first in range(0, len(features), CHUNK):
            rows = slice(first, first + CHUNK)
            found[rows] = np.einsum("ni,i->n", self._design(features[rows]), self.slopes)
        return logistic(found)

    def _design(self, features: Features) -> Float64s:
        design = np.ones((len(features), len(self.slopes)))
        scaled = (features[:, self.known] - self.mean) / self.spread
        scaled[np.isnan(scaled)] = 0.0
        np.clip(scaled, -OUTLYING, OUTLYING, out=design[:, 1:])
        return design


def fit_line(features: Features, up: Bools, weight: Float64s) -> Line:
    """Fit the direction [n] on features [n, k] by ridge logistic regression, by Newton's method.

    Features are scaled by these rows; what an instrument lacks, such as volume, is NaN and no part
    of the line. Source: S. le Cessie, J. van Houwelingen, Ridge estimators in logistic regression,
    Applied Statistics, 1992.
    """
    known = np.asarray(~np.isnan(features).any(axis=0))
    seen = features[:, known].astype(np.float64)
    spread = seen.std(axis=0)
    spread[spread == 0] = 1.0
    line = Line(
        known=known, mean=seen.mean(axis=0), spread=spread, slopes=np.zeros(1 + int(known.sum()))
    )
    design, slopes = line._design(features), line.slopes
    ridge = np.full(len(slopes), RIDGE * weight.sum())
    ridge[0] = 0.0
    for _ in range(STEPS):
        p = logistic(np.einsum("ni,i->n", design, slopes))
        # Not by BLAS, whose sums depend on how many threads the machine has to spare.
        rise = np.einsum("ni,n->i", design, weight * (up - p)) - ridge * slopes
        bend = np.einsum("ni,nj->ij", design * (weight * p * (1 - p))[:, None], design)
        bend[np.diag_indices_from(bend)] += ridge
        step = np.linalg.solve(bend, rise)
        slopes += step
        if np.abs(step).max() < SETTLED:
            break
    return line


def shuffle_blocks(values: NDArray[np.bool_], block: NDArray[np.int64], order: NDArray[np.int64]
) -> NDArray[np.bool_]:  # fmt: skip
    """Return values [n] with their stretches in another order; within a stretch they stay.

    `order` are the numbers of the stretches, 0 to how many there are, as they shall follow.

    >>> block, order = np.array([7, 7, 9]), np.array([1, 0])
    >>> shuffle_blocks(np.array([True, True, False]), block, order).tolist()
    [False, True, True]
    """
    _, where = np.unique(block, return_inverse=True)
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    return values[np.argsort(place[where], kind="stable")]

"""What a model's forecasts lose where one feature is taken from another time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from assay.signals.calibration.scoring import log_losses

if TYPE_CHECKING:
    from assay.runtime.ids import Generator

Float64s = NDArray[np.float64]
Features = NDArray[np.float32]
Bools = NDArray[np.bool_]
Int64s = NDArray[np.int64]
Predict = Callable[[Features], Float64s]
"""Given features [stretches, bars, k], the probability of up of each judged bar [stretches, b]."""


@dataclass(frozen=True, slots=True)
class Importance:
    """Hold by how much the log loss rises without each feature [k], and its standard error."""

    rise: Float64s
    error: Float64s


def permute_features(
    predict: Predict, features: Features, up: Bools, kind: Int64s, rng: Generator
) -> Importance:
    """Return what each feature is worth to forecasts of what came, `up` [stretches, b].

    Each feature in turn is given, in every stretch, the values of another stretch of its `kind`
    [stretches], all bars of it together, so that neighbours stay neighbours. The error is that of
    independent stretches; a feature that others repeat seems worth little. Sources: L. Breiman,
    Random forests, Machine Learning, 2001; stretches as in H. Kuensch, Annals of Statistics, 1989.
    """
    stretches, _, width = features.shape
    whole = log_losses(predict(features), up)
    rise, error = np.zeros(width), np.zeros(width)
    for k in range(width):
        changed = features.copy()
        changed[:, :, k] = features[exchange(kind, rng), :, k]
        if np.array_equal(changed, features, equal_nan=True):
            continue
        lost = (log_losses(predict(changed), up) - whole).mean(axis=1)
        rise[k] = lost.mean()
        error[k] = lost.std(ddof=1) / stretches**0.5
    return Importance(rise, error)


def exchange(kind: Int64s, rng: Generator) -> Int64s:
    """Return for each place another of its kind, each taken once.

    One cycle through all of a kind, so none is its own where there are two. Source: S. Sattolo, An
    algorithm to generate a random cyclic permutation, Information Processing Letters, 1986.
    """
    found = np.empty(len(kind), np.int64)
    for each in np.unique(kind):
        order = rng.permutation(np.flatnonzero(kind == each))
        found[order] = np.roll(order, 1)
    return found

"""Ledoit-Wolf: a sample covariance drawn towards a simple one, as far as its error asks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Float64s = NDArray[np.float64]
TARGETS = ("constant", "identity")
"""One correlation for all pairs with the sample's variances; or one variance and none."""


@dataclass(frozen=True, slots=True)
class Shrunk:
    """Hold a covariance [n, n] and the intensity, 0 to 1, with which the target entered it."""

    covariance: Float64s
    intensity: float


def shrink(rows: Float64s, target: str = "constant") -> Shrunk:
    """Return the covariance of rows [n, symbols], drawn towards one of TARGETS.

    Divided by n, as the formulas are. Sources: O. Ledoit, M. Wolf, A well-conditioned estimator
    for large-dimensional covariance matrices, J. Multivariate Analysis 88, 2004 (identity); Honey,
    I shrunk the sample covariance matrix, J. Portfolio Management 30, 2004 (constant correlation).
    """
    centred = rows - rows.mean(axis=0)
    # In units of the mean variance fourth powers of returns stay far from the smallest numbers.
    unit = float(np.sqrt(np.mean(centred**2))) or 1.0
    centred = centred / unit
    sample = centred.T @ centred / len(rows)
    aimed, intensity = (_towards_identity if target == "identity" else _towards_constant)(
        centred, sample
    )
    mixed = intensity * aimed + (1.0 - intensity) * sample
    return Shrunk(mixed * unit**2, intensity)


def _towards_identity(centred: Float64s, sample: Float64s) -> tuple[Float64s, float]:
    rows, size = centred.shape
    aimed = np.eye(size) * (np.trace(sample) / size)
    distance = float(((sample - aimed) ** 2).sum())
    powers = np.einsum("ti,ti->t", centred, centred)
    error = (float(powers @ powers) / rows - float((sample**2).sum())) / rows
    return aimed, _clip(error, distance)


def _towards_constant(centred: Float64s, sample: Float64s) -> tuple[Float64s, float]:
    rows, size = centred.shape
    deviation = np.sqrt(np.diag(sample))
    scale = np.outer(deviation, deviation)
    moves = scale > 0
    off = ~np.eye(size, dtype=bool) & moves
    correlation = np.divide(sample, scale, out=np.zeros_like(sample), where=moves)
    mean = float(correlation[off].mean()) if off.any() else 0.0
    aimed = mean * scale
    np.fill_diagonal(aimed, np.diag(sample))
    squares = centred**2
    error = squares.T @ squares / rows - sample**2
    # The covariance of each variance's error with that of each covariance: theta_ii,ij.
    shared = (squares * centred).T @ centred / rows - np.diag(sample)[:, None] * sample
    ratio = np.divide(deviation, deviation[:, None], out=np.zeros_like(scale), where=moves)
    rho = float(np.trace(error)) + mean * float((ratio * shared)[off].sum())
    distance = float(((sample - aimed) ** 2).sum())
    return aimed, _clip((float(error.sum()) - rho) / rows, distance)


def _clip(error: float, distance: float) -> float:
    return float(min(1.0, max(0.0, error / distance))) if distance > 0 else 1.0

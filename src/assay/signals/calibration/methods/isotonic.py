"""Centred isotonic regression: whatever rises with the score, linear between pooled bins."""

from __future__ import annotations

import numpy as np

from assay.signals.calibration.binning import Float64s, Scored
from assay.signals.calibration.ports import Curve
from assay.signals.calibration.steps import ONE


class Isotonic:
    """Fit the frequencies that rise with the score, and nothing else about their shape.

    Source: A. Oron, N. Flournoy, Centered isotonic regression, Statistics in Biopharmaceutical
    Research, 2017.
    """

    name = "isotonic"

    def fit(self, scored: Scored, rows: Float64s, successes: Float64s) -> Curve:
        """Return the curve of each draw."""
        p = np.array([centre_steps(scored, r, s) for r, s in zip(rows, successes, strict=True)])
        return Curve(p, p, p)


def pool_adjacent(rows: Float64s, successes: Float64s) -> Float64s:
    """Return the rising frequencies that fit best; empty bins take their neighbour's.

    Source: M. Ayer et al., An empirical distribution function for sampling with incomplete
    information, Annals of Mathematical Statistics, 1955 (pool adjacent violators).

    >>> pool_adjacent(np.array([2.0, 2.0, 2.0]), np.array([1.0, 0.0, 2.0])).tolist()
    [0.25, 0.25, 1.0]
    """
    weights: list[float] = []
    hits: list[float] = []
    spans: list[int] = []
    for weight, hit in zip(rows.tolist(), successes.tolist(), strict=True):
        weights.append(weight)
        hits.append(hit)
        spans.append(1)
        while len(weights) > 1 and hits[-2] * weights[-1] >= hits[-1] * weights[-2]:
            weight, hit, span = weights.pop(), hits.pop(), spans.pop()
            weights[-1] += weight
            hits[-1] += hit
            spans[-1] += span
    fitted = [hit / weight if weight else 0.5 for hit, weight in zip(hits, weights, strict=True)]
    return np.repeat(fitted, spans)


def centre_steps(scored: Scored, rows: Float64s, successes: Float64s) -> Float64s:
    """Return the fitted frequency at each grid score, linear between the centres of pooled bins.

    Unlike plain steps it keeps the order of scores.
    """
    fitted = pool_adjacent(rows, successes)
    starts = np.flatnonzero(np.concatenate([[True], np.diff(fitted) > 0]))
    weight = np.add.reduceat(rows, starts)
    total = np.add.reduceat(rows * scored.centre, starts)
    centre = np.divide(total, weight, out=scored.centre[starts].copy(), where=weight > 0)
    return np.interp(scored.grid / ONE, centre, fitted[starts])


PLUGIN = Isotonic()

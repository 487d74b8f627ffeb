"""Venn-Abers prediction: isotonic regression that asks what one more outcome would change."""

from __future__ import annotations

import numpy as np

from assay.signals.calibration.binning import Float64s, Scored
from assay.signals.calibration.ports import Curve
from assay.signals.calibration.steps import ONE


class VennAbers:
    """Fit isotonic regressions with one more outcome at the score, a miss (p0) and a hit (p1).

    The probability is p1 / (1 - p0 + p1), the least regret in log loss, between p0 and p1, which
    stay as bounds. Bars that overlap are no outcomes of their own, so the further outcome weighs
    as much as a stretch of time does, the unit that is drawn for the bounds. Linear between the
    centres of bins. Source: V. Vovk, I. Petej, V. Fedorova, Large-scale probabilistic predictors
    with and without guarantees of validity, NIPS, 2015.
    """

    name = "venn-abers"

    def fit(self, scored: Scored, rows: Float64s, successes: Float64s) -> Curve:
        """Return the curve of each draw."""
        weight = float(scored.counts.rows.sum() / len(scored.counts.rows))
        low, high = imagine_outcomes(rows, successes, weight)
        merged = high / (1 - low + high)
        at = scored.grid / ONE
        return Curve(*(_between(scored.centre, each, at) for each in (merged, low, high)))


def imagine_outcomes(
    rows: Float64s, successes: Float64s, weight: float
) -> tuple[Float64s, Float64s]:
    """Return p0 and p1 at each bin: isotonic fits with a miss and a hit of that weight in it.

    Rows and successes are [draws, bins]. By the max-min formula: the fit at k is the greatest over
    i <= k of the least over j >= k of the frequency from bin i to bin j. Source: R. Barlow et al.,
    Statistical inference under order restrictions, 1972, theorem 1.9.

    >>> low, high = imagine_outcomes(np.array([[3.0, 1.0]]), np.array([[0.0, 1.0]]), 1.0)
    >>> low.tolist(), high.tolist()
    ([[0.0, 0.5]], [[0.25, 1.0]])
    """
    bins = rows.shape[1]
    first, last = np.arange(bins)[:, None], np.arange(bins)
    counts, hits = (np.pad(np.cumsum(each, axis=1), ((0, 0), (1, 0))) for each in (rows, successes))
    size = counts[:, None, 1:] - counts[:, :-1, None] + weight
    total = hits[:, None, 1:] - hits[:, :-1, None]
    fits = []
    for added in (0.0, weight):
        share = np.where(first <= last, (total + added) / np.where(first <= last, size, 1), np.inf)
        least = np.minimum.accumulate(share[:, :, ::-1], axis=2)[:, :, ::-1]
        most = np.maximum.accumulate(np.where(first <= last, least, -np.inf), axis=1)
        fits.append(most[:, np.arange(bins), np.arange(bins)])
    return fits[0], fits[1]


def _between(centre: Float64s, values: Float64s, at: Float64s) -> Float64s:
    return np.array([np.interp(at, centre, each) for each in values])


PLUGIN = VennAbers()

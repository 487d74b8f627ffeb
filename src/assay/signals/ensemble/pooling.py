"""Pool the scores of members in whole numbers, so that one bar gives the bits of the batch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from assay.signals.calibration.binning import log_odds
from assay.signals.calibration.steps import ONE
from assay.signals.ensemble.ports import Float64s, Int64s

MILLION = 1_000_000
"""Log odds are kept in millionths, weights in ten-thousandths."""


class Pool:
    """Turn the scores of some members into one: a weighted sum of their log odds beside a base.

    `weights` [cells, members] are ten-thousandths, `base` is in millionths. The sum stays below
    20 x MILLION x ONE a member of weight 1, far from 63 bits.
    """

    def __init__(self, weights: Sequence[Sequence[int]], base: int = 0) -> None:
        self._weights = np.array(weights, np.int64)
        whole = np.arange(ONE + 1) / ONE
        self._odds = np.rint(MILLION * log_odds(whole)).astype(np.int64) - base
        between = (np.arange(ONE) + 0.5) / ONE
        edges = np.log(between / (1 - between))
        self._edges = np.rint(MILLION * ONE * edges).astype(np.int64) - base * ONE

    def combine(self, scores: Int64s, cells: Int64s) -> Int64s:
        """Return the pooled scores [n] of scores [n, members], all in ten-thousandths.

        >>> Pool([[10_000, 0], [5_000, 5_000]]).combine(
        ...     np.array([[6_000, 1], [6_000, 4_000]]), np.array([0, 1])).tolist()
        [6000, 5000]
        """
        total = (self._odds[scores] * self._weights[cells]).sum(axis=1)
        return np.searchsorted(self._edges, total, side="right").astype(np.int64)


def round_weights(weights: Float64s) -> tuple[tuple[int, ...], ...]:
    """Return weights [cells, members] in whole ten-thousandths."""
    return tuple(tuple(row) for row in np.rint(weights * ONE).astype(np.int64).tolist())

"""From a method's curve to the integer steps that are served, with bounds by resampling blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from assay.signals.calibration.binning import Float64s, Scored
from assay.signals.calibration.ports import Curve, Method
from assay.signals.calibration.resampling import DRAWS
from assay.signals.calibration.steps import ONE, StepTable

if TYPE_CHECKING:
    from assay.runtime.ids import Generator


def fit_steps(scored: Scored, method: Method, *, level: float, rng: Generator) -> StepTable:
    """Fit the steps; the bounds leave a share of `level` of the resampled fits beyond each.

    They are those of the method's own bounds, so at least as wide as what it leaves open.
    """
    whole = _fit_whole(scored, method)
    drawn = method.fit(scored, *scored.counts.resample(DRAWS, rng))
    lower = np.quantile(drawn.lower, level, axis=0)
    upper = np.quantile(drawn.upper, 1 - level, axis=0)
    return _tabulate(
        scored, whole.p[0], np.minimum(lower, whole.lower[0]), np.maximum(upper, whole.upper[0])
    )


def fit_middle(scored: Scored, method: Method) -> StepTable:
    """Fit the steps alone, which stand for their own bounds: enough to be compared by."""
    p = _fit_whole(scored, method).p[0]
    return _tabulate(scored, p, p, p)


def _fit_whole(scored: Scored, method: Method) -> Curve:
    rows, successes = scored.counts.total
    return method.fit(scored, rows[None], successes[None])


def _tabulate(scored: Scored, p: Float64s, lower: Float64s, upper: Float64s) -> StepTable:
    columns = np.rint(np.stack([p, lower, upper]) * ONE)
    keep = np.concatenate([[True], np.any(np.diff(columns, axis=1) != 0, axis=0)])
    start, (mid, low, high) = scored.grid[keep], columns[:, keep].astype(np.int64)
    start = np.concatenate([[0], start[1:]])
    return StepTable(
        tuple(start.tolist()), tuple(mid.tolist()), tuple(low.tolist()), tuple(high.tolist())
    )

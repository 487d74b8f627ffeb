"""Calibrate scores on outcomes: isotonic steps, bounds by resampling blocks, and the slope."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from assay.model.errors import DataError
from assay.signals.calibration.resampling import BlockCounts, count_blocks
from assay.signals.calibration.steps import ONE, StepTable

if TYPE_CHECKING:
    from assay.runtime.ids import Generator

Float64s = NDArray[np.float64]
Int64s = NDArray[np.int64]
BINS = 40
"""Groups of equal mass that a score is put in before its steps are fitted."""
STEPS = 400
"""Steps at most."""
DRAWS = 1_000
BLOCKS_MIN = 8
CLIP = 1e-4
NEWTON_STEPS = 25


@dataclass(frozen=True, slots=True, kw_only=True)
class Slope:
    """Hold the slope of the log odds of the outcome on the log odds of the score.

    `bound` is its lower bound at the level asked for; skill is shown where that is above 0.
    """

    value: float
    bound: float

    @property
    def is_positive(self) -> bool:
        """Say whether the slope is above 0 at its level."""
        return self.bound > 0


@dataclass(frozen=True, slots=True)
class Scored:
    """Hold scores in bins, their outcomes by block of time, and the grid that steps stand on."""

    centre: Float64s
    counts: BlockCounts
    grid: Int64s


def bin_scores(score: Int64s, hit: NDArray[np.bool_], block: Int64s) -> Scored:
    """Put scores (ten-thousandths) in bins of about equal mass; raise DataError when too few."""
    blocks = len(np.unique(block))
    if blocks < BLOCKS_MIN:
        raise DataError(
            f"{blocks} independent stretches are too few to calibrate on, {BLOCKS_MIN} are needed; "
            "give more data or a shorter horizon"
        )
    edges = np.unique(np.quantile(score, np.linspace(0, 1, BINS + 1)[1:-1], method="nearest"))
    start = np.concatenate([[0], edges[edges > 0]]).astype(np.int64)
    bins = np.searchsorted(start, score, side="right") - 1
    total = np.bincount(bins, minlength=len(start))
    sums = np.bincount(bins, weights=score, minlength=len(start))
    centre = np.divide(sums, total, out=start.astype(np.float64), where=total > 0) / ONE
    grid = np.unique(np.quantile(score, np.linspace(0, 1, STEPS), method="nearest"))
    return Scored(centre, count_blocks(bins, hit, block, len(start)), grid.astype(np.int64))


def mirror_rows(
    score: Int64s, hit: NDArray[np.bool_], block: Int64s
) -> tuple[Int64s, NDArray[np.bool_], Int64s]:
    """Return each row and its mirror image: what rises against the other currency is what falls.

    A direction calibrated on both tells what scores say, and takes no drift of the span, which is
    mostly chance, for a forecast. Blocks are kept, so that an image is no further evidence.
    """
    return (
        np.concatenate([score, ONE - score]), np.concatenate([hit, ~hit]),
        np.concatenate([block, block]),
    )  # fmt: skip


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

    Unlike plain steps it keeps the order of scores. Source: A. Oron, N. Flournoy, Centered isotonic
    regression, Statistics in Biopharmaceutical Research, 2017.
    """
    fitted = pool_adjacent(rows, successes)
    starts = np.flatnonzero(np.concatenate([[True], np.diff(fitted) > 0]))
    weight = np.add.reduceat(rows, starts)
    total = np.add.reduceat(rows * scored.centre, starts)
    centre = np.divide(total, weight, out=scored.centre[starts].copy(), where=weight > 0)
    return np.interp(scored.grid / ONE, centre, fitted[starts])


def fit_steps(scored: Scored, *, level: float, rng: Generator) -> StepTable:
    """Fit the steps; the bounds leave a share of `level` of the resampled fits beyond each."""
    p = centre_steps(scored, *scored.counts.total)
    drawn_rows, drawn = scored.counts.resample(DRAWS, rng)
    fits = np.array([centre_steps(scored, r, s) for r, s in zip(drawn_rows, drawn, strict=True)])
    lower, upper = np.quantile(fits, [level, 1 - level], axis=0)
    columns = np.rint(np.stack([p, np.minimum(lower, p), np.maximum(upper, p)]) * ONE)
    keep = np.concatenate([[True], np.any(np.diff(columns, axis=1) != 0, axis=0)])
    start, (mid, low, high) = scored.grid[keep], columns[:, keep].astype(np.int64)
    start = np.concatenate([[0], start[1:]])
    return StepTable(
        tuple(start.tolist()), tuple(mid.tolist()), tuple(low.tolist()), tuple(high.tolist())
    )


def fit_slope(scored: Scored, *, level: float, rng: Generator) -> Slope:
    """Fit outcome on score by logistic regression; the bound is by resampling blocks.

    It is the lower of the percentile of the resampled slopes and of Student's with their deviation:
    few blocks resample too narrowly. Source: D. R. Cox, Two further applications of a model for
    binary regression, 1958.
    """
    from scipy.special import stdtrit

    centre = np.clip(scored.centre, CLIP, 1 - CLIP)
    x = np.log(centre / (1 - centre))
    rows, successes = scored.counts.total
    drawn_rows, drawn = scored.counts.resample(DRAWS, rng)
    value = float(_logistic_slopes(x, rows[None], successes[None])[0])
    slopes = _logistic_slopes(x, drawn_rows, drawn)
    blocks = len(scored.counts.rows)
    spread = float(slopes.std()) * (blocks / (blocks - 1)) ** 0.5
    bounds = float(np.quantile(slopes, level)), value + float(stdtrit(blocks - 1, level)) * spread
    return Slope(value=value, bound=min(bounds))


def _logistic_slopes(x: Float64s, rows: Float64s, successes: Float64s) -> Float64s:
    """Solve each draw's two-parameter fit by Newton's method, all draws at once."""
    spread = x.std()
    if spread < 1e-9:
        return np.zeros(len(rows))
    z = (x - x.mean()) / spread
    intercept, slope = np.zeros(len(rows)), np.zeros(len(rows))
    for _ in range(NEWTON_STEPS):
        p = 1 / (1 + np.exp(-np.clip(intercept[:, None] + slope[:, None] * z, -30, 30)))
        weight = rows * p * (1 - p) + 1e-9
        miss = successes - rows * p
        a, b, c = weight.sum(1), (weight * z).sum(1), (weight * z * z).sum(1)
        g, h = miss.sum(1), (miss * z).sum(1)
        det = np.maximum(a * c - b * b, 1e-12)
        intercept += np.clip((c * g - b * h) / det, -2, 2)
        slope += np.clip((a * h - b * g) / det, -2, 2)
    return np.asarray(slope / spread)

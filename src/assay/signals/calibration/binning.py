"""Scores in bins with the outcomes of each stretch of time: all that calibration looks at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assay.model.errors import DataError
from assay.signals.calibration.resampling import BlockCounts, count_blocks
from assay.signals.calibration.steps import ONE

Float64s = NDArray[np.float64]
Int64s = NDArray[np.int64]
Bools = NDArray[np.bool_]
BINS = 40
"""Groups of equal mass that a score is put in before it is calibrated."""
STEPS = 400
"""Steps at most."""
BLOCKS_MIN = 8
CLIP = 1e-4


@dataclass(frozen=True, slots=True)
class Scored:
    """Hold scores in bins, their outcomes by block of time, and the grid that steps stand on.

    `centre` [bins] is the mean score of each bin, rising, in 0..1; `grid` is in ten-thousandths.
    """

    centre: Float64s
    counts: BlockCounts
    grid: Int64s


def bin_scores(score: Int64s, hit: Bools, block: Int64s) -> Scored:
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


def mirror_rows(score: Int64s, hit: Bools, block: Int64s) -> tuple[Int64s, Bools, Int64s]:
    """Return each row and its mirror image: what rises against the other currency is what falls.

    A direction calibrated on both tells what scores say, and takes no drift of the span, which is
    mostly chance, for a forecast. Blocks are kept, so that an image is no further evidence.
    """
    return (
        np.concatenate([score, ONE - score]), np.concatenate([hit, ~hit]),
        np.concatenate([block, block]),
    )  # fmt: skip


def log_odds(score: Float64s) -> Float64s:
    """Return ln(s / (1 - s)), scores within a ten-thousandth of 0 or 1 taken for that."""
    inside = np.clip(score, CLIP, 1 - CLIP)
    return np.asarray(np.log(inside / (1 - inside)))

"""Hold made rows to what they gain on rows that nobody had seen; else they stay off."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np
from numpy.typing import NDArray

from assay.signals.calibration.resampling import DRAWS, BlockCounts

if TYPE_CHECKING:
    from assay.runtime.ids import Generator

Float64s = NDArray[np.float64]
Int64s = NDArray[np.int64]
LEVEL = 0.95
STRETCHES_MIN = 20


class Augmented(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Say whether a model learnt from made rows too, and what that was decided by.

    `gain` is the log loss that they spared a row of those `tested`, weighted by uniqueness, and
    `bound` what it exceeds at 95 %, by `stretches` of two horizons; None where they are too few.
    `share` is their part of what was fitted on in the folds, `made` how many the model learnt from.
    """

    method: str
    on: bool
    reason: str
    gain: float
    bound: float | None
    tested: int
    stretches: int
    share: float
    made: int = 0


def weigh_gains(
    gain: Float64s, weight: Float64s, block: Int64s, rng: Generator, *, method: str, share: float
) -> Augmented:
    """Return what was decided by the log loss that made rows spared each tested row [n].

    They are on where the one-sided bound at 95 % of the mean is above 0, which is by resampling
    blocks (`block` [n] numbers them).
    """
    _, place = np.unique(block, return_inverse=True)
    by_block = BlockCounts(
        np.bincount(place, weights=weight).astype(np.float64)[:, None],
        np.bincount(place, weights=weight * gain).astype(np.float64)[:, None],
    )
    stretches, mean, bound = len(by_block.rows), float(np.average(gain, weights=weight)), None
    told = f"made rows spare {mean:+.6f} of log loss on rows unseen"
    if stretches >= STRETCHES_MIN:
        weights, sums = by_block.resample(DRAWS, rng)
        bound = float(np.quantile(sums / weights, 1 - LEVEL))
        told = f"{told}, at least {bound:+.6f} at {LEVEL:.0%}"
        on = bound > 0
        reason = told if on else f"{told}: not shown to be above 0"
    else:
        on, reason = False, f"{told}, but {stretches} stretches of time are too few to show it"
    return Augmented(
        method=method, on=on, reason=reason, gain=mean, bound=bound, tested=len(gain),
        stretches=stretches, share=share,
    )  # fmt: skip

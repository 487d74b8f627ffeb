"""What a model promises, measured on its calibration span."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from assay.signals.calibration import ONE, Method, bin_scores, fit_steps, mirror_rows
from assay.signals.guard.sets import start_reach
from assay.signals.guard.watch import Watch

if TYPE_CHECKING:
    from assay.runtime.ids import Generator

Int64s = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """Hold what is known of the rows [n] of a calibration span.

    `rise` is the calibrated probability of a rise (ten-thousandths), `up` and `soon` whether the
    mid was higher a horizon and `lag` bars on, `block` the stretch of time of each row.
    """

    rise: Int64s
    up: Bools
    soon: Bools
    block: Int64s
    lag: int


def learn_watch(kept: Kept, method: Method, *, level: float, rng: Generator) -> Watch:
    """Return what a guard starts from; bounds leave a share of `level` of the resampled beyond."""
    rise, soon = kept.rise, kept.soon
    table = fit_steps(
        bin_scores(*mirror_rows(rise, soon, kept.block)), method, level=level, rng=rng
    )
    _, low, high = table.look_up(rise)
    least = np.maximum(low, ONE - high)
    claims = least > ONE // 2
    right = soon == (low > ONE // 2)
    return Watch(
        reach=start_reach(rise, kept.up), lag=kept.lag, soon=table,
        promised=float(least[claims].mean() / ONE) if claims.any() else None,
        claimed=float(claims.mean()),
        kept=float(right[claims].mean()) if claims.any() else None,
    )  # fmt: skip

"""How large a calibration error is by chance alone, were every probability true."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from assay.signals.calibration.resampling import count_blocks
from assay.signals.calibration.scoring import ECE_BINS, calibration_error, equal_mass_bins

if TYPE_CHECKING:
    from assay.runtime.ids import Generator

Float64s = NDArray[np.float64]
Int64s = NDArray[np.int64]
Bools = NDArray[np.bool_]
DRAWS = 1_000
TAIL = 0.025


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationBand:
    """Hold a calibration error, the middle 95 % of what chance alone makes of it, and its p-value.

    `p` is the share of chance's errors that are as large: small where probabilities are not true.
    """

    error: float
    lower: float
    upper: float
    p: float


def calibration_band(
    p: Float64s, hit: Bools, block: Int64s, rng: Generator, draws: int = DRAWS
) -> CalibrationBand:
    """Return the calibration error of probabilities [n] beside its band under perfect calibration.

    Were all probabilities true, outcome less probability would be 0 on average, whatever the
    probability; how far its sums by bin stray is told by giving each stretch of time (`block` [n])
    a sign by chance, so that rows that share an outcome stay together. The bins are those of
    calibration_error. Sources: J. Broecker, L. Smith, Increasing the reliability of reliability
    diagrams, Weather and Forecasting, 2007 (the band); A. Cameron, J. Gelbach, D. Miller,
    Bootstrap-based improvements for inference with clustered errors, Review of Economics and
    Statistics, 2008 (signs by cluster).
    """
    bins = np.empty(len(p), np.int64)
    parts = equal_mass_bins(p, ECE_BINS)
    for number, rows in enumerate(parts):
        bins[rows] = number
    strayed = count_blocks(bins, hit - p, block, len(parts)).successes
    signs = 2.0 * rng.integers(0, 2, size=(draws, len(strayed))) - 1.0
    errors = np.abs(signs @ strayed).sum(axis=1) / len(p)
    error = calibration_error(p, hit)
    lower, upper = np.quantile(errors, [TAIL, 1 - TAIL])
    return CalibrationBand(
        error=error, lower=float(lower), upper=float(upper),
        p=float((1 + (errors >= error).sum()) / (1 + draws)),
    )  # fmt: skip

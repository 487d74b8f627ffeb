"""From a model's score to a probability that keeps its word."""

from assay.signals.calibration.isotonic import (
    Scored,
    Slope,
    bin_scores,
    fit_slope,
    fit_steps,
    mirror_rows,
)
from assay.signals.calibration.steps import ONE, StepTable, to_score

__all__ = [
    "ONE", "Scored", "Slope", "StepTable", "bin_scores", "fit_slope", "fit_steps",
    "mirror_rows", "to_score",
]  # fmt: skip

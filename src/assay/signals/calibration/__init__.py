"""From a model's score to a probability that keeps its word."""

from assay.signals.calibration.binning import Scored, bin_scores, mirror_rows
from assay.signals.calibration.choosing import AUTO, Choice, Later, choose_method
from assay.signals.calibration.methods import FEWEST_PARTS, find_method, method_names
from assay.signals.calibration.ports import Curve, Method
from assay.signals.calibration.slope import Slope, fit_slope
from assay.signals.calibration.steps import ONE, StepTable, to_score
from assay.signals.calibration.tabulating import fit_middle, fit_steps

__all__ = [
    "AUTO", "Choice", "Curve", "FEWEST_PARTS", "Later", "Method", "ONE", "Scored", "Slope",
    "StepTable", "bin_scores", "choose_method", "find_method", "fit_middle", "fit_slope",
    "fit_steps", "method_names", "mirror_rows", "to_score",
]  # fmt: skip

"""Evidence for and against a model: what chance alone would show, and what simple rules do."""

from assay.signals.evidence.calibrated import CalibrationBand, calibration_band
from assay.signals.evidence.line import Line, fit_line, shuffle_blocks
from assay.signals.evidence.means import Mean, Stretches, bound_means
from assay.signals.evidence.permutation import Importance, permute_features
from assay.signals.evidence.shapley import explain_trees
from assay.signals.evidence.trees import Trees, read_trees

__all__ = [
    "CalibrationBand", "Importance", "Line", "Mean", "Stretches", "Trees", "bound_means",
    "calibration_band", "explain_trees", "fit_line", "permute_features", "read_trees",
    "shuffle_blocks",
]  # fmt: skip

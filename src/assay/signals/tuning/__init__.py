"""Search the settings of model families, judged inside the span that models are fitted on."""

from assay.signals.tuning.judging import LOG_LOSS, METRICS, Bench, FoldScore, fit_span, judge_fold
from assay.signals.tuning.naming import group_settings, join_spaces
from assay.signals.tuning.study import FAILED, JUDGED, OPEN, PRUNED, Attempt, Study

__all__ = [
    "Attempt", "Bench", "FAILED", "FoldScore", "JUDGED", "LOG_LOSS", "METRICS", "OPEN", "PRUNED",
    "Study", "fit_span", "group_settings", "join_spaces", "judge_fold",
]  # fmt: skip

"""Correlations of instruments: how strong, how sure, who leads, what breaks, what hangs on what."""

from assay.signals.correlation.alignment import Closes, Coverage, Returns, align_returns
from assay.signals.correlation.analysis import Analysis, Matrix, analyse
from assay.signals.correlation.breakdown import Alert
from assay.signals.correlation.dollar import proxy_weights
from assay.signals.correlation.stability import list_pairs
from assay.signals.correlation.stream import METHODS, CorrelationStream, Estimator, to_correlation
from assay.signals.correlation.watching import CorrelationsNow, CorrelationWatch

__all__ = [
    "METHODS",
    "Alert",
    "Analysis",
    "Closes",
    "CorrelationStream",
    "CorrelationWatch",
    "CorrelationsNow",
    "Coverage",
    "Estimator",
    "Matrix",
    "Returns",
    "align_returns",
    "analyse",
    "list_pairs",
    "proxy_weights",
    "to_correlation",
]

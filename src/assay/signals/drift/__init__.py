"""Whether the market, the forecasts or their worth are still those of the calibration span."""

from assay.signals.drift.detectors import detector_names, find_detector
from assay.signals.drift.ports import FEATURE, LOSS, SCORE, Detector, Seen, Watch
from assay.signals.drift.reference import (
    ModelReference,
    Reference,
    measure_reference,
    read_reference,
    write_reference,
)
from assay.signals.drift.watching import DriftNow, DriftWatch

__all__ = [
    "Detector", "DriftNow", "DriftWatch", "FEATURE", "LOSS", "ModelReference", "Reference",
    "SCORE", "Seen", "Watch", "detector_names", "find_detector", "measure_reference",
    "read_reference", "write_reference",
]  # fmt: skip

"""What a bar led to: the outcome that models learn, and when it was known."""

from assay.signals.labels.brackets import RANGE_FEATURE, Booked, Bracket, average_range
from assay.signals.labels.events import choose_events, cusum_events
from assay.signals.labels.methods import find_label, label_names
from assay.signals.labels.outcomes import (
    LONG,
    NEITHER,
    OUTCOMES,
    SHORT,
    UNKNOWN,
    classify,
    uniqueness,
    went_up,
)
from assay.signals.labels.ports import BRACKET, Label, Marks, Passed

__all__ = [
    "BRACKET", "LONG", "NEITHER", "OUTCOMES", "RANGE_FEATURE", "SHORT", "UNKNOWN", "Booked",
    "Bracket", "Label", "Marks", "Passed", "average_range", "choose_events", "classify",
    "cusum_events", "find_label", "label_names", "uniqueness", "went_up",
]  # fmt: skip

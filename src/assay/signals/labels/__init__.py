"""What a bar led to: the outcome that models learn, and when it was known."""

from assay.signals.labels.brackets import Booked, Bracket
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

__all__ = [
    "LONG", "NEITHER", "OUTCOMES", "SHORT", "UNKNOWN", "Booked", "Bracket", "classify",
    "uniqueness", "went_up",
]  # fmt: skip

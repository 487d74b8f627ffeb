"""Several sources of one symbol's quotes: which of them serves, and which is to be believed."""

from assay.market.consensus.agreement import find_apart
from assay.market.consensus.selection import (
    NOBODY,
    Change,
    Disputed,
    Skewed,
    SourceSelector,
    Standing,
    Suspected,
    Switched,
    Verdict,
)
from assay.market.consensus.sighting import Sighting

__all__ = [
    "NOBODY",
    "Change",
    "Disputed",
    "Sighting",
    "Skewed",
    "SourceSelector",
    "Standing",
    "Suspected",
    "Switched",
    "Verdict",
    "find_apart",
]

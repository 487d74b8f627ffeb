"""A high between two lower, level ones, then a close under the line of the lows."""

from __future__ import annotations

from assay.kernel.compiling import allocation_free
from assay.signals.recognition.breaks import find_head
from assay.signals.recognition.pattern import Pattern
from assay.signals.recognition.swings import CHART_SPAN


@allocation_free
def find(bars, t, swings):  # type: ignore[no-untyped-def]
    """Return the bars of a head and shoulders, from its left shoulder on, below 0."""
    return -find_head(bars, t, swings, -1)


PLUGIN = Pattern(
    name="head_and_shoulders",
    kind="chart",
    span=CHART_SPAN,
    sides=("down",),
    source="Lo, Mamaysky, Wang 2000",
    find=find,
)

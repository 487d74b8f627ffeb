"""A low between two higher, level ones, then a close over the line of the highs."""

from __future__ import annotations

from assay.kernel.compiling import allocation_free
from assay.signals.recognition.breaks import find_head
from assay.signals.recognition.pattern import Pattern
from assay.signals.recognition.swings import CHART_SPAN


@allocation_free
def find(bars, t, swings):  # type: ignore[no-untyped-def]
    """Return the bars of an inverse head and shoulders, from its left shoulder on."""
    return find_head(bars, t, swings, 1)


PLUGIN = Pattern(
    name="inverse_head_and_shoulders",
    kind="chart",
    span=CHART_SPAN,
    sides=("up",),
    source="Lo, Mamaysky, Wang 2000",
    find=find,
)

"""Two highs at one level, then a close under the low between them."""

from __future__ import annotations

from assay.kernel.compiling import allocation_free
from assay.signals.recognition.breaks import find_double
from assay.signals.recognition.pattern import Pattern
from assay.signals.recognition.swings import CHART_SPAN


@allocation_free
def find(bars, t, swings):  # type: ignore[no-untyped-def]
    """Return the bars of a double top, from its first high on, below 0."""
    return -find_double(bars, t, swings, -1)


PLUGIN = Pattern(
    name="double_top",
    kind="chart",
    span=CHART_SPAN,
    sides=("down",),
    source="Lo, Mamaysky, Wang 2000",
    find=find,
)

"""Two lows at one level, then a close over the high between them."""

from __future__ import annotations

from assay.kernel.compiling import allocation_free
from assay.signals.recognition.breaks import find_double
from assay.signals.recognition.pattern import Pattern
from assay.signals.recognition.swings import CHART_SPAN


@allocation_free
def find(bars, t, swings):  # type: ignore[no-untyped-def]
    """Return the bars of a double bottom, from its first low on."""
    return find_double(bars, t, swings, 1)


PLUGIN = Pattern(
    name="double_bottom",
    kind="chart",
    span=CHART_SPAN,
    sides=("up",),
    source="Lo, Mamaysky, Wang 2000",
    find=find,
)

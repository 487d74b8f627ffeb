"""Two lines that stay as far apart, level or sloping, then a close outside them."""

from __future__ import annotations

from assay.kernel.compiling import allocation_free
from assay.signals.recognition.breaks import TOLERANCE, find_leaving, widths
from assay.signals.recognition.pattern import Pattern
from assay.signals.recognition.swings import CHART_SPAN


@allocation_free
def find(bars, t, swings):  # type: ignore[no-untyped-def]
    """Return the bars of a channel, from its first swing on, signed by the side it is left on."""
    begin, end = widths(bars, t, swings)
    if begin <= 0.0 or abs(end - begin) > TOLERANCE * begin:
        return 0
    return find_leaving(bars, t, swings)


PLUGIN = Pattern(
    name="channel",
    kind="chart",
    span=CHART_SPAN,
    sides=("up", "down"),
    source="Lo, Mamaysky, Wang 2000 (rectangle, sloping too)",
    find=find,
)

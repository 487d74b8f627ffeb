"""Lower highs over higher lows, then a close outside the lines through them."""

from __future__ import annotations

from assay.kernel.compiling import allocation_free
from assay.signals.recognition.breaks import TOLERANCE, find_leaving, widths
from assay.signals.recognition.pattern import Pattern
from assay.signals.recognition.swings import CHART_SPAN


@allocation_free
def find(bars, t, swings):  # type: ignore[no-untyped-def]
    """Return the bars of a triangle, from its first swing on, signed by the side it is left on.

    Its lines come together by more than a channel's may, and have not met yet.
    """
    begin, end = widths(bars, t, swings)
    high = 1 if swings[0, 1] > 0 else 2
    narrows = swings[high, 1] < swings[high + 2, 1] and swings[3 - high, 1] > swings[5 - high, 1]
    if not narrows or not 0.0 < end < (1.0 - TOLERANCE) * begin:
        return 0
    return find_leaving(bars, t, swings)


PLUGIN = Pattern(
    name="triangle",
    kind="chart",
    span=CHART_SPAN,
    sides=("up", "down"),
    source="Lo, Mamaysky, Wang 2000",
    find=find,
)

"""A harami, then a close beyond its first open (Morris 1992)."""

from __future__ import annotations

from assay.kernel.compiling import allocation_free
from assay.signals.recognition.candles import TALIB, body, bottom, colour, top, usual_body
from assay.signals.recognition.pattern import Pattern
from assay.signals.streams.columns import CLOSE, OPEN


@allocation_free
def find(bars, t, swings):  # type: ignore[no-untyped-def]
    """Return 3 for three inside up, -3 for down."""
    side = -colour(bars, t - 2)
    if (
        body(bars, t - 2) > usual_body(bars, t - 2)
        and body(bars, t - 1) <= usual_body(bars, t - 1)
        and top(bars, t - 1) < top(bars, t - 2)
        and bottom(bars, t - 1) > bottom(bars, t - 2)
        and colour(bars, t) == side
        and side * (bars[t, CLOSE] - bars[t - 2, OPEN]) > 0
    ):
        return 3 * side
    return 0


PLUGIN = Pattern(
    name="three_inside",
    kind="candle",
    span=13,
    sides=("up", "down"),
    source=TALIB.format("3INSIDE"),
    find=find,
)

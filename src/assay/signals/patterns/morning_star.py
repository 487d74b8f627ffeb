"""A long fall, a short body under it, and a rise into it (Nison 1991)."""

from __future__ import annotations

from assay.kernel.compiling import allocation_free
from assay.signals.recognition.candles import TALIB, body, bottom, colour, top, usual_body
from assay.signals.recognition.pattern import Pattern
from assay.signals.streams.columns import CLOSE

PENETRATION = 0.3


@allocation_free
def find(bars, t, swings):  # type: ignore[no-untyped-def]
    """Return 3 for a morning star."""
    if (
        body(bars, t - 2) > usual_body(bars, t - 2)
        and colour(bars, t - 2) < 0
        and body(bars, t - 1) <= usual_body(bars, t - 1)
        and top(bars, t - 1) < bottom(bars, t - 2)
        and body(bars, t) > usual_body(bars, t)
        and colour(bars, t) > 0
        and bars[t, CLOSE] > bars[t - 2, CLOSE] + PENETRATION * body(bars, t - 2)
    ):
        return 3
    return 0


PLUGIN = Pattern(
    name="morning_star",
    kind="candle",
    span=13,
    sides=("up",),
    source=TALIB.format("MORNINGSTAR"),
    find=find,
)

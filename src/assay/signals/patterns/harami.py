"""A short body within the long one before, against which it turns (Nison 1991)."""

from __future__ import annotations

from assay.kernel.compiling import allocation_free
from assay.signals.recognition.candles import TALIB, body, bottom, colour, top, usual_body
from assay.signals.recognition.pattern import Pattern


@allocation_free
def find(bars, t, swings):  # type: ignore[no-untyped-def]
    """Return 2 for a harami after a fall, -2 after a rise; one end may be shared."""
    if (
        body(bars, t - 1) > usual_body(bars, t - 1)
        and body(bars, t) <= usual_body(bars, t)
        and top(bars, t) <= top(bars, t - 1)
        and bottom(bars, t) >= bottom(bars, t - 1)
    ):
        return -2 * colour(bars, t - 1)
    return 0


PLUGIN = Pattern(
    name="harami",
    kind="candle",
    span=12,
    sides=("up", "down"),
    source=TALIB.format("HARAMI"),
    find=find,
)

"""A long body without shadows, which goes on (Nison 1991)."""

from __future__ import annotations

from assay.kernel.compiling import allocation_free
from assay.signals.recognition.candles import TALIB, body, colour, hardly, lower, upper, usual_body
from assay.signals.recognition.pattern import Pattern


@allocation_free
def find(bars, t, swings):  # type: ignore[no-untyped-def]
    """Return 1 for a rising marubozu, -1 for a falling one."""
    least = hardly(bars, t)
    if body(bars, t) > usual_body(bars, t) and upper(bars, t) < least and lower(bars, t) < least:
        return colour(bars, t)
    return 0


PLUGIN = Pattern(
    name="marubozu",
    kind="candle",
    span=11,
    sides=("up", "down"),
    source=TALIB.format("MARUBOZU"),
    find=find,
)

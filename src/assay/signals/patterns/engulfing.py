"""A body that engulfs the other-coloured one before (Nison 1991)."""

from __future__ import annotations

from assay.kernel.compiling import allocation_free
from assay.signals.recognition.candles import TALIB, bottom, colour, top
from assay.signals.recognition.pattern import Pattern


@allocation_free
def find(bars, t, swings):  # type: ignore[no-untyped-def]
    """Return 2 for a rising engulfing bar, -2 for a falling one; one end may be shared."""
    if colour(bars, t) == colour(bars, t - 1):
        return 0
    above, below = top(bars, t) - top(bars, t - 1), bottom(bars, t - 1) - bottom(bars, t)
    if above >= 0 and below >= 0 and above + below > 0:
        return 2 * colour(bars, t)
    return 0


PLUGIN = Pattern(
    name="engulfing",
    kind="candle",
    span=3,
    sides=("up", "down"),
    source=TALIB.format("ENGULFING"),
    find=find,
)

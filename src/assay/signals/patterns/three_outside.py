"""An engulfing bar, then a close further on (Morris 1992)."""

from __future__ import annotations

from assay.kernel.compiling import allocation_free
from assay.signals.recognition.candles import TALIB, colour
from assay.signals.recognition.pattern import Pattern
from assay.signals.streams.columns import CLOSE, OPEN


@allocation_free
def find(bars, t, swings):  # type: ignore[no-untyped-def]
    """Return 3 for three outside up, -3 for down."""
    side = colour(bars, t - 1)
    if (
        colour(bars, t - 2) == -side
        and side * (bars[t - 1, CLOSE] - bars[t - 2, OPEN]) > 0
        and side * (bars[t - 2, CLOSE] - bars[t - 1, OPEN]) > 0
        and side * (bars[t, CLOSE] - bars[t - 1, CLOSE]) > 0
    ):
        return 3 * side
    return 0


PLUGIN = Pattern(
    name="three_outside",
    kind="candle",
    span=4,
    sides=("up", "down"),
    source=TALIB.format("3OUTSIDE"),
    find=find,
)

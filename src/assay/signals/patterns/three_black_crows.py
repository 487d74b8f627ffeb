"""Three falling bars after a rise, each opening in the body before (Nison 1991)."""

from __future__ import annotations

from assay.kernel.compiling import allocation_free
from assay.signals.recognition.candles import TALIB, colour, hardly, lower
from assay.signals.recognition.pattern import Pattern
from assay.signals.streams.columns import CLOSE, HIGH, OPEN


@allocation_free
def follows(bars, t):  # type: ignore[no-untyped-def]
    """Say whether a bar goes on from the one before, opening within its body."""
    return (
        bars[t - 1, CLOSE] < bars[t, OPEN] < bars[t - 1, OPEN]
        and bars[t, CLOSE] < bars[t - 1, CLOSE]
    )


@allocation_free
def find(bars, t, swings):  # type: ignore[no-untyped-def]
    """Return -3 for three black crows."""
    for k in range(t - 2, t + 1):
        if colour(bars, k) > 0 or lower(bars, k) >= hardly(bars, k):
            return 0
    if (
        colour(bars, t - 3) > 0
        and bars[t - 3, HIGH] > bars[t - 2, CLOSE]
        and follows(bars, t - 1)
        and follows(bars, t)
    ):
        return -3
    return 0


PLUGIN = Pattern(
    name="three_black_crows",
    kind="candle",
    span=14,
    sides=("down",),
    source=TALIB.format("3BLACKCROWS"),
    find=find,
)

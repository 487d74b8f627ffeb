"""Three rising bars, each opening near the close before (Nison 1991)."""

from __future__ import annotations

from assay.kernel.compiling import allocation_free
from assay.signals.recognition.candles import (
    TALIB,
    body,
    colour,
    far,
    hardly,
    near,
    upper,
    usual_body,
)
from assay.signals.recognition.pattern import Pattern
from assay.signals.streams.columns import CLOSE, OPEN


@allocation_free
def follows(bars, t):  # type: ignore[no-untyped-def]
    """Say whether a bar goes on from the one before, opening near its close, not much shorter."""
    return (
        bars[t, CLOSE] > bars[t - 1, CLOSE]
        and bars[t, OPEN] > bars[t - 1, OPEN]
        and bars[t, OPEN] <= bars[t - 1, CLOSE] + near(bars, t - 1)
        and body(bars, t) > body(bars, t - 1) - far(bars, t - 1)
    )


@allocation_free
def find(bars, t, swings):  # type: ignore[no-untyped-def]
    """Return 3 for three white soldiers."""
    for k in range(t - 2, t + 1):
        if colour(bars, k) < 0 or upper(bars, k) >= hardly(bars, k):
            return 0
    if follows(bars, t - 1) and follows(bars, t) and body(bars, t) > usual_body(bars, t):
        return 3
    return 0


PLUGIN = Pattern(
    name="three_white_soldiers",
    kind="candle",
    span=13,
    sides=("up",),
    source=TALIB.format("3WHITESOLDIERS"),
    find=find,
)

"""A small body over a long lower shadow, near or over the high before (Nison 1991)."""

from __future__ import annotations

from assay.kernel.compiling import allocation_free
from assay.signals.recognition.candles import (
    TALIB,
    body,
    bottom,
    hardly,
    lower,
    near,
    upper,
    usual_body,
)
from assay.signals.recognition.pattern import Pattern
from assay.signals.streams.columns import HIGH


@allocation_free
def find(bars, t, swings):  # type: ignore[no-untyped-def]
    """Return -1 for a hanging man."""
    if (
        body(bars, t) < usual_body(bars, t)
        and lower(bars, t) > body(bars, t)
        and upper(bars, t) < hardly(bars, t)
        and bottom(bars, t) >= bars[t - 1, HIGH] - near(bars, t - 1)
    ):
        return -1
    return 0


PLUGIN = Pattern(
    name="hanging_man",
    kind="candle",
    span=12,
    sides=("down",),
    source=TALIB.format("HANGINGMAN"),
    find=find,
)

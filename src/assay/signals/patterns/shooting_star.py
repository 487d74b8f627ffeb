"""A small body under a long upper shadow, above the body before (Nison 1991)."""

from __future__ import annotations

from assay.kernel.compiling import allocation_free
from assay.signals.recognition.candles import (
    TALIB,
    body,
    bottom,
    hardly,
    lower,
    top,
    upper,
    usual_body,
)
from assay.signals.recognition.pattern import Pattern


@allocation_free
def find(bars, t, swings):  # type: ignore[no-untyped-def]
    """Return -1 for a shooting star."""
    if (
        body(bars, t) < usual_body(bars, t)
        and upper(bars, t) > body(bars, t)
        and lower(bars, t) < hardly(bars, t)
        and bottom(bars, t) > top(bars, t - 1)
    ):
        return -1
    return 0


PLUGIN = Pattern(
    name="shooting_star",
    kind="candle",
    span=12,
    sides=("down",),
    source=TALIB.format("SHOOTINGSTAR"),
    find=find,
)

"""A close at the open, both at the low (Nison 1991)."""

from __future__ import annotations

from assay.kernel.compiling import allocation_free
from assay.signals.recognition.candles import TALIB, body, hardly, lower, upper
from assay.signals.recognition.pattern import Pattern


@allocation_free
def find(bars, t, swings):  # type: ignore[no-untyped-def]
    """Return -1 for a gravestone doji."""
    least = hardly(bars, t)
    if body(bars, t) <= least and lower(bars, t) < least and upper(bars, t) > least:
        return -1
    return 0


PLUGIN = Pattern(
    name="gravestone_doji",
    kind="candle",
    span=11,
    sides=("down",),
    source=TALIB.format("GRAVESTONEDOJI"),
    find=find,
)

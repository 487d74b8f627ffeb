"""A sharp move, a rest that gives back no more than half of it, then a close beyond it."""

from __future__ import annotations

from assay.kernel.compiling import allocation_free
from assay.signals.recognition.pattern import Pattern
from assay.signals.recognition.swings import CHART_SPAN, mean_range
from assay.signals.streams.columns import CLOSE, HIGH, LOW

POLE_BARS, REST_LEAST, REST_MOST = 10, 4, 20
POLE_LEAST, BACK_MOST = 6.0, 0.5
"""The pole in mean ranges of all bars looked back on, and the share of it that may be lost."""


@allocation_free
def find_flag(bars, t, side):  # type: ignore[no-untyped-def]
    """Return the bars of a flag whose pole rises (side 1) or falls (-1), else 0."""
    front, back = (HIGH, LOW) if side > 0 else (LOW, HIGH)
    tip = t - 1
    for k in range(t - 2, t - 1 - REST_MOST, -1):
        if side * bars[k, front] > side * bars[tip, front]:
            tip = k
    if tip > t - REST_LEAST or side * (bars[t, CLOSE] - bars[tip, front]) <= 0:
        return 0
    foot, lowest = tip, side * bars[t, back]
    for k in range(tip - 1, tip - 1 - POLE_BARS, -1):
        if side * bars[k, back] < side * bars[foot, back]:
            foot = k
    for k in range(tip + 1, t):
        lowest = min(lowest, side * bars[k, back])
    pole = side * (bars[tip, front] - bars[foot, back])
    if side * bars[tip, front] - lowest > BACK_MOST * pole:
        return 0
    if pole < POLE_LEAST * mean_range(bars, t + 1 - CHART_SPAN, t):
        return 0
    return t + 1 - foot


@allocation_free
def find(bars, t, swings):  # type: ignore[no-untyped-def]
    """Return the bars of a flag, from the foot of its pole on, signed by the side of the pole."""
    rising = find_flag(bars, t, 1)
    return rising if rising > 0 else -find_flag(bars, t, -1)


PLUGIN = Pattern(
    name="flag",
    kind="chart",
    span=CHART_SPAN,
    sides=("up", "down"),
    source="Edwards, Magee 1948",
    find=find,
)

"""How long a body or a shadow is beside those before it, by TA-Lib's default candle settings.

An average is that of the bars before the one held against it (TA_SetCandleSettings).
"""

from __future__ import annotations

from assay.kernel.compiling import allocation_free
from assay.signals.streams.columns import CLOSE, HIGH, LOW, OPEN

BODY_BARS, NEAR_BARS = 10, 5
TALIB = "TA-Lib CDL{}"


@allocation_free
def body(bars, t):  # type: ignore[no-untyped-def]
    """Return the length of the body."""
    return abs(bars[t, CLOSE] - bars[t, OPEN])


@allocation_free
def colour(bars, t):  # type: ignore[no-untyped-def]
    """Return 1 for a bar that did not fall, -1 for one that did."""
    return 1 if bars[t, CLOSE] >= bars[t, OPEN] else -1


@allocation_free
def top(bars, t):  # type: ignore[no-untyped-def]
    """Return the upper end of the body."""
    return max(bars[t, OPEN], bars[t, CLOSE])


@allocation_free
def bottom(bars, t):  # type: ignore[no-untyped-def]
    """Return the lower end of the body."""
    return min(bars[t, OPEN], bars[t, CLOSE])


@allocation_free
def upper(bars, t):  # type: ignore[no-untyped-def]
    """Return the length of the upper shadow."""
    return bars[t, HIGH] - top(bars, t)


@allocation_free
def lower(bars, t):  # type: ignore[no-untyped-def]
    """Return the length of the lower shadow."""
    return bottom(bars, t) - bars[t, LOW]


@allocation_free
def usual_body(bars, t):  # type: ignore[no-untyped-def]
    """Return the mean body of the ten bars before: longer is long, shorter is short."""
    total = 0.0
    for k in range(t - BODY_BARS, t):
        total += body(bars, k)
    return total / BODY_BARS


@allocation_free
def usual_range(bars, t, count):  # type: ignore[no-untyped-def]
    """Return the mean range of so many bars before."""
    total = 0.0
    for k in range(t - count, t):
        total += bars[k, HIGH] - bars[k, LOW]
    return total / count


@allocation_free
def hardly(bars, t):  # type: ignore[no-untyped-def]
    """Return a tenth of the mean range of ten bars before: less is a doji, or no shadow."""
    return 0.1 * usual_range(bars, t, BODY_BARS)


@allocation_free
def near(bars, t):  # type: ignore[no-untyped-def]
    """Return what is near: a fifth of the mean range of five bars before."""
    return 0.2 * usual_range(bars, t, NEAR_BARS)


@allocation_free
def far(bars, t):  # type: ignore[no-untyped-def]
    """Return what is far: three fifths of the mean range of five bars before."""
    return 0.6 * usual_range(bars, t, NEAR_BARS)

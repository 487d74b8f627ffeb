"""Swings: highs and lows that the bars on both sides confirm, alternating, the newest first."""

from __future__ import annotations

from assay.kernel.compiling import allocation_free
from assay.signals.streams.columns import HIGH, LOW

CHART_SPAN = 128
"""Bars that chart patterns look back on."""
REACH = 4
"""Bars on either side that a swing stands out from, so that it is known so many bars later."""
MOST = 6
"""Swings that are kept: row 0 has their count and the kind of the newest, 1 a high, -1 a low."""


@allocation_free
def kind_of(bars, t):  # type: ignore[no-untyped-def]
    """Return 1 where a bar is a swing high, -1 a swing low, 0 neither or both.

    Of equal highs within reach the first counts.
    """
    is_high, is_low = True, True
    for k in range(1, REACH + 1):
        before, after = t - k, t + k
        is_high = is_high and bars[before, HIGH] < bars[t, HIGH] >= bars[after, HIGH]
        is_low = is_low and bars[before, LOW] > bars[t, LOW] <= bars[after, LOW]
        if not is_high and not is_low:
            return 0
    return (1 if is_high else 0) - (1 if is_low else 0)


@allocation_free
def read_swings(bars, t, swings):  # type: ignore[no-untyped-def]
    """Write the swings [1 + MOST, 2] (bar, price) of the last CHART_SPAN bars, known at bar t.

    Of several of one kind in a row the most extreme stays. There are none before CHART_SPAN bars.
    """
    count, kind = 0, 0
    swings[0, 0] = 0.0
    if t + 1 < CHART_SPAN:
        return
    for i in range(t - REACH, t - CHART_SPAN + REACH, -1):
        found = kind_of(bars, i)
        if found == 0:
            continue
        price = bars[i, HIGH] if found > 0 else bars[i, LOW]
        if found != kind:
            if count == MOST:
                break
            count += 1
            if count == 1:
                swings[0, 1] = found
            kind = found
        elif found * price <= found * swings[count, 1]:
            continue
        swings[count, 0], swings[count, 1] = i, price
    swings[0, 0] = count


@allocation_free
def mean_range(bars, first, last):  # type: ignore[no-untyped-def]
    """Return the mean range of the bars from first to last."""
    total = 0.0
    for k in range(first, last + 1):
        total += bars[k, HIGH] - bars[k, LOW]
    return total / (last + 1 - first)


@allocation_free
def line_at(swings, old, new, t):  # type: ignore[no-untyped-def]
    """Return the price at bar t of the line through two swings."""
    slope = (swings[new, 1] - swings[old, 1]) / (swings[new, 0] - swings[old, 0])
    return swings[new, 1] + slope * (t - swings[new, 0])

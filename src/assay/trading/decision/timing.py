"""When to enter: what the spread is beside its usual, how far prices swing, what turns soon."""

from __future__ import annotations

import math

from assay.kernel.compiling import compiled
from assay.kernel.rounding import divide_half_even
from assay.trading.decision.choice import TURN_NEAR, UNMEASURED, WIDE_SPREAD

CLOSE, SQUARE, SPREAD, SEEN = 0, 1, 2, 3
WORDS = 4
"""Words of memory: the last close, means of squared changes and of spreads, bars seen."""
SCALE = 1_024
"""Means are kept in so many parts of a point, so that they follow small changes."""
HALF_LIFE_SHIFT = 6
"""A mean takes 1/64 of what is new: half of it is of the last 44 bars."""
SETTLED = 64
"""Bars after which the means are believed."""
CHANGE_MAX = 1 << 24
"""Points of change of a bar that are counted, so that its square fits 63 bits."""
MINUTE = 60_000_000_000


@compiled
def follow_market(memory, event):  # type: ignore[no-untyped-def]
    """Take a closed bar into the means of squared change and of spread."""
    spread = event.spread_close * SCALE
    if memory[SEEN] == 0:
        memory[SPREAD] = spread
    else:
        change = min(abs(event.close - memory[CLOSE]), CHANGE_MAX)
        memory[SQUARE] += (change * change * SCALE - memory[SQUARE]) >> HALF_LIFE_SHIFT
        memory[SPREAD] += (spread - memory[SPREAD]) >> HALF_LIFE_SHIFT
    memory[CLOSE] = event.close
    memory[SEEN] = min(memory[SEEN] + 1, SETTLED)


@compiled
def swing_over(memory, bars):  # type: ignore[no-untyped-def]
    """Return the standard deviation of the price over so many bars (points), 0 when unsettled.

    Changes of bars count as independent, so their variances add.
    """
    if memory[SEEN] < SETTLED:
        return 0
    return int(math.sqrt(float(memory[SQUARE]) / SCALE * float(bars)))


@compiled
def time_entry(memory, event, market, terms):  # type: ignore[no-untyped-def]
    """Return 0 where now is a time to enter, else why not.

    terms are (the most that the spread may be, per cent of its mean; minutes before a turn of the
    session or the trading day in which nothing is entered); 0 asks for nothing.
    """
    spread_cap, minutes = terms
    if spread_cap:
        if memory[SEEN] < SETTLED:
            return UNMEASURED
        if event.spread_close * 100 * SCALE > spread_cap * memory[SPREAD]:
            return WIDE_SPREAD
    if minutes and market.next_turn - event.ts < minutes * MINUTE:
        return TURN_NEAR
    return 0


@compiled
def usual_spread(memory):  # type: ignore[no-untyped-def]
    """Return the mean spread in whole points."""
    return divide_half_even(memory[SPREAD], SCALE)

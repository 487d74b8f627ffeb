"""When to trade: what the spread is beside its usual, how far prices swing, what turns soon."""

from __future__ import annotations

import math

from assay.kernel.compiling import compiled, inlined
from assay.kernel.rounding import divide_half_even
from assay.trading.decision.choice import BOOK_LEANS, TURN_NEAR, UNMEASURED, WIDE_SPREAD

CLOSE, SQUARE, SPREAD, SEEN, LONG_SQUARE = 0, 1, 2, 3, 4
WORDS = 5
"""Words of memory: the last close, means of squared changes and of spreads, bars seen, and the mean
of squared changes over a longer while."""
SCALE = 1_024
"""Means are kept in so many parts of a point, so that they follow small changes."""
HALF_LIFE_SHIFT = 6
"""A mean takes 1/64 of what is new: half of it is of the last 44 bars."""
SETTLED = 64
"""Bars after which the means are believed."""
LONG_SETTLED = 1_024
"""The same of the longer mean, of which half is of the last 710 bars."""
CHANGE_MAX = 1 << 24
"""Points of change of a bar that are counted, so that its square fits 63 bits."""
SECOND = 1_000_000_000
MINUTE = 60 * SECOND
WHOLE_BP = 10_000


@compiled
def follow_market(memory, event):  # type: ignore[no-untyped-def]
    """Take a closed bar into the means of squared change and of spread."""
    spread = event.spread_close * SCALE
    if memory[SEEN] == 0:
        memory[SPREAD] = spread
    else:
        change = min(abs(event.close - memory[CLOSE]), CHANGE_MAX)
        square = change * change * SCALE
        memory[SQUARE] += (square - memory[SQUARE]) >> HALF_LIFE_SHIFT
        # Until it has settled it is the plain mean, which the first bars do not weigh down.
        part = memory[SEEN] if memory[SEEN] < LONG_SETTLED else LONG_SETTLED
        memory[LONG_SQUARE] += (square - memory[LONG_SQUARE]) // part
        memory[SPREAD] += (spread - memory[SPREAD]) >> HALF_LIFE_SHIFT
    memory[CLOSE] = event.close
    memory[SEEN] = min(memory[SEEN] + 1, LONG_SETTLED)


@compiled
def swing_over(memory, bars):  # type: ignore[no-untyped-def]
    """Return the standard deviation of the price over so many bars (points), 0 when unsettled.

    Changes of bars count as independent, so their variances add.
    """
    if memory[SEEN] < SETTLED:
        return 0
    return int(math.sqrt(float(memory[SQUARE]) / SCALE * float(bars)))


@compiled
def calm_bp(memory, cap):  # type: ignore[no-untyped-def]
    """Return the share of a size (bp) that the market's swing leaves, -1 while it is not known.

    All of it as long as the swing is at most `cap` per cent of that of the longer while; above, the
    size shrinks as the swing grows.
    """
    if memory[SEEN] < LONG_SETTLED:
        return -1
    usual, now = math.sqrt(float(memory[LONG_SQUARE])), math.sqrt(float(memory[SQUARE]))
    return WHOLE_BP if 100.0 * now <= cap * usual else int(WHOLE_BP * cap * usual / (100.0 * now))


@inlined
def _leans(market, side, cap):  # type: ignore[no-untyped-def]
    """Return 0 where the quote's sizes lean less than `cap` per cent against a side."""
    offered = market.bid_units + market.ask_units
    if offered == 0:
        return UNMEASURED
    against = side * (market.ask_units - market.bid_units)
    return BOOK_LEANS if against * 100 > cap * offered else 0


@compiled
def time_entry(memory, event, market, side, terms):  # type: ignore[no-untyped-def]
    """Return 0 where now is a time to enter, else why not.

    terms are (the most that the spread may be, per cent of its mean; minutes before a turn of the
    session or the trading day in which nothing is entered; the most, in per cent, that the sizes of
    the quote may lean against the side); 0 asks for nothing.
    """
    spread_cap, minutes, lean_cap = terms
    if spread_cap:
        if memory[SEEN] < SETTLED:
            return UNMEASURED
        if event.spread_close * 100 * SCALE > spread_cap * memory[SPREAD]:
            return WIDE_SPREAD
    if minutes and market.next_turn - event.ts < minutes * MINUTE:
        return TURN_NEAR
    if lean_cap:
        return _leans(market, side, lean_cap)
    return 0


@compiled
def time_exit(memory, event, market, late, terms):  # type: ignore[no-untyped-def]
    """Return 0 where now is a time to leave what is `late` bars past its horizon, else why not.

    terms are (the most that the spread may be, per cent of its mean; the bars that are waited for
    it at most); 0 waits for nothing. Nothing waits into a turn of the session or the trading day.
    """
    spread_cap, bars = terms
    if spread_cap == 0 or late >= bars or memory[SEEN] < SETTLED:
        return 0
    if market.next_turn - event.ts <= event.seconds * SECOND:
        return 0
    return WIDE_SPREAD if event.spread_close * 100 * SCALE > spread_cap * memory[SPREAD] else 0


@compiled
def usual_spread(memory):  # type: ignore[no-untyped-def]
    """Return the mean spread in whole points."""
    return divide_half_even(memory[SPREAD], SCALE)

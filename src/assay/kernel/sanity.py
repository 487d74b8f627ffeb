"""Whether quotes can be believed: each is held against those before it, of the same source.

A lone quote far from its neighbours is never believed. One that leaps and is followed by another
at its level is: from the second on quotes count again, so that a shock costs one quote.
"""

from __future__ import annotations

import numpy as np

from assay.kernel.compiling import compiled

SANE_TICKS = 3
"""An act that no single quote may trigger needs so many sane ones in a row."""
LEAP_SCALES, LEAP_SHARE = 30, 500
"""A leap of more than 30 usual moves is believed up to 1/500 of the price alone."""
SPREAD_SCALES, SPREAD_SHARE = 20, 2_000
"""A spread of more than 20 usual ones is believed up to 1/2000 of the price alone."""
MEMORY = 64
"""Usual moves and spreads are means over about so many quotes, in parts of so many of a point."""
SANITY = np.dtype([(name, "i8") for name in ("ts", "mid", "last", "move", "spread", "streak")])
"""What is known of one instrument's quotes: the time of the newest, the mid (doubled points) of
the newest sane one and of the newest, the usual move and spread, and the sane ones in a row."""


@compiled
def judge_tick(marks, i, ts, bid, ask):  # type: ignore[no-untyped-def]
    """Take in a quote of instrument i; return how many in a row are sane with it, 0 if it is not.

    `marks` is an array of SANITY, zeros at first; prices are points, `ts` ns. A quote is sane where
    its bid is above 0 and not above its ask, its time not before the last one's, its spread usual,
    and its mid near that of the last sane quote or of the last quote.

    >>> marks = np.zeros(1, SANITY)
    >>> prices = (110_000, 110_004, 55_000, 110_002, 110_001, 90_000, 90_010, 90_005, 90_000)
    >>> [int(judge_tick(marks, 0, ts, bid, bid + 10)) for ts, bid in enumerate(prices)]
    [1, 2, 0, 1, 2, 0, 1, 2, 3]
    """
    mark = marks[i]
    if not 0 < bid <= ask or ts < mark["ts"]:
        mark["streak"] = 0
        return 0
    mid, width = bid + ask, ask - bid
    if mark["mid"] == 0:
        mark["mid"] = mark["last"] = mid
        mark["spread"] = MEMORY * min(width, mid // (2 * SPREAD_SHARE))
    leap = min(abs(mid - mark["mid"]), abs(mid - mark["last"]))
    highest = max(LEAP_SCALES * mark["move"] // MEMORY, mark["mid"] // LEAP_SHARE)
    widest = max(SPREAD_SCALES * mark["spread"] // MEMORY, mark["mid"] // (2 * SPREAD_SHARE))
    # What is beyond belief moves what is usual by a bound, so that a lasting change is believed.
    if leap > 0:
        mark["move"] += min(leap, highest) - mark["move"] // MEMORY
    mark["spread"] += min(width, widest) - mark["spread"] // MEMORY
    mark["ts"], mark["last"] = ts, mid
    if leap > highest or width > widest:
        mark["streak"] = 0
        return 0
    mark["mid"] = mid
    mark["streak"] += 1
    return mark["streak"]

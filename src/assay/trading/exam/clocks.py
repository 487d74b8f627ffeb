"""The server's clock as a profile names it, from weekly opens and from fresh quotes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from assay.trading.brokers.mt5.servertime import (
    ATHENS_S,
    FAMILIES,
    HOUR_S,
    STEP_S,
    ServerClock,
    choose_likeliest,
    fit_family,
    infer_clock,
    measure_offset,
)

_NEW_YORK_H = 5
_EUROPE = {0: "Europe/London", HOUR_S: "Europe/Berlin", ATHENS_S: "Europe/Athens"}
_MINUTE_S = 60


def fit_clock(
    opens: Sequence[int], ahead: Sequence[tuple[int, float]]
) -> tuple[ServerClock | None, bool]:
    """Return the clock that fits fresh quotes and weekly opens, and whether no other does as well.

    A fresh quote says how far the clock is ahead now. Weekly opens on both sides of a change of
    summer time say whose it keeps; a market that opens later than the rest (metals) does so always,
    so that only the changes count. Without such a change midnight opens are New York's, as most
    brokers have it.
    """
    if not ahead:
        return infer_clock(opens), False
    moment, minutes = ahead[-1]
    offset = round(minutes * _MINUTE_S / STEP_S) * STEP_S
    candidates = [fit_family(moment, offset, family) for family in FAMILIES]
    scores = [_explains(clock, opens) for clock in candidates]
    likely = [each for each, score in zip(candidates, scores, strict=True) if score == max(scores)]
    if len(likely) == 1:
        return likely[0], True
    return choose_likeliest(likely, opens[-1]) if opens else likely[-1], False


def _explains(clock: ServerClock, opens: Sequence[int]) -> int:
    """Return how many weeks open at the same time of New York's week, if the clock is right."""
    measured = [(opened, measure_offset(opened)) for opened in opens]
    late = Counter(
        offset - clock.offset_at(opened - offset)
        for opened, offset in measured
        if offset is not None
    )
    return max(late.values(), default=0)


def zone_of(clock: ServerClock) -> str:
    """Return the clock as a profile names it.

    >>> zone_of(ServerClock(offset_s=7200, family="new-york"))
    'NY+7'
    """
    if clock.family == "europe" and clock.offset_s in _EUROPE:
        return _EUROPE[clock.offset_s]
    hours = clock.offset_s / HOUR_S + (_NEW_YORK_H if clock.family == "new-york" else 0)
    minutes = round(abs(hours) % 1 * 60)
    text = f"{'-' if hours < 0 else '+'}{int(abs(hours))}" + (f":{minutes:02d}" if minutes else "")
    return f"{'NY' if clock.family == 'new-york' else 'UTC'}{text}"

"""Where a moment lies of the windows around rollovers, weekends and releases.

They are read from the schedule when an order is placed, so that no bar costs anything for them.
"""

from __future__ import annotations

from assay.kernel.compiling import compiled
from assay.kernel.records import INSIDE, OUTSIDE, SESSION_CLOSES, SESSION_OPENS, UNKNOWN

WEEKEND = 24 * 3_600_000_000_000
"""A pause of the session that is a weekend or a holiday, and no daily break."""


@compiled
def near_entry(world, i, kind, ts, span):  # type: ignore[no-untyped-def]
    """Say whether a moment lies from span[0] before to span[1] after an entry of a kind (ns)."""
    before, after = span
    instrument, schedule = world.instruments[i], world.schedule
    place = world.markets[i].schedule_next
    back = place - 1
    while back >= instrument.schedule_from and schedule[back].ts + after > ts:
        if schedule[back].kind == kind:
            return INSIDE
        back -= 1
    while place < instrument.schedule_to:
        if schedule[place].ts - ts > before:
            return OUTSIDE
        # Within a long bar an entry may have come and be over again.
        if schedule[place].kind == kind and schedule[place].ts + max(after, 1) > ts:
            return INSIDE
        place += 1
    return UNKNOWN


@compiled
def _turn(world, i, place, kind):  # type: ignore[no-untyped-def]
    """Return when the session first turns so, from a place of the schedule on; 0 for never."""
    while place < world.instruments[i].schedule_to:
        if world.schedule[place].kind == kind:
            return world.schedule[place].ts
        place += 1
    return 0


@compiled
def near_weekend(world, i, ts, span):  # type: ignore[no-untyped-def]
    """Say whether a moment lies in a pause of a day or more, or span[0] before, span[1] after."""
    before, after = span
    instrument, market, schedule = world.instruments[i], world.markets[i], world.schedule
    place = market.schedule_next
    opened = closed = 0
    back = place - 1
    while back >= instrument.schedule_from and closed == 0:
        kind, turned = schedule[back].kind, schedule[back].ts
        if market.session_open and opened == 0 and turned + after <= ts:
            break
        if kind == SESSION_CLOSES:
            closed = turned
        elif kind == SESSION_OPENS:
            opened = turned
        back -= 1
    if closed and opened == 0:
        opened = _turn(world, i, place, SESSION_OPENS)
    if closed and (opened == 0 or opened - closed >= WEEKEND):
        return INSIDE
    while place < instrument.schedule_to:
        if schedule[place].ts - ts > before:
            return OUTSIDE
        if schedule[place].kind == SESSION_CLOSES:
            opens = _turn(world, i, place, SESSION_OPENS)
            if opens == 0 or opens - schedule[place].ts >= WEEKEND:
                return INSIDE
        place += 1
    return UNKNOWN

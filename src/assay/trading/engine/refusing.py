"""Refuse an order whose own terms make no sense, whatever the limits are."""

from __future__ import annotations

from assay.kernel.compiling import compiled
from assay.kernel.records import (
    CLOSE_BY,
    DAY,
    FOK,
    GTC,
    GTD,
    ICEBERG,
    IOC,
    LIMIT,
    MARKET,
    OPENS,
    ROLLOVER,
    STOP_LIMIT,
    TRAILING_STOP,
    TWAP,
    VWAP,
)

(
    UNKNOWN_ACTION, UNKNOWN_ORDER, TIME_IN_FORCE, LIMIT_PRICE, DISTANCE, GROUP, GROUP_FILLED, GUARD,
    CHANGE, NO_POSITION, STOP_SIDE, SLICES, SHOWN, NO_SIZES, NO_PROFILE, VENUE_CANNOT,
    UNKNOWN_TICKET, TOO_MANY_TICKETS,
) = range(80, 98)  # fmt: skip
REFUSALS = {
    UNKNOWN_ACTION: "unknown_action",
    UNKNOWN_ORDER: "unknown_order",
    TIME_IN_FORCE: "time_in_force",
    LIMIT_PRICE: "limit_price",
    DISTANCE: "distance",
    GROUP: "group",
    GROUP_FILLED: "group_filled",
    GUARD: "guard",
    CHANGE: "change",
    NO_POSITION: "no_position",
    STOP_SIDE: "stop_side",
    SLICES: "slices",
    SHOWN: "shown",
    NO_SIZES: "no_sizes",
    NO_PROFILE: "no_profile",
    VENUE_CANNOT: "venue_cannot",
    UNKNOWN_TICKET: "unknown_ticket",
    TOO_MANY_TICKETS: "too_many_tickets",
}
"""Reason codes of what is refused before any limit is looked at."""

LONGEST_HOLD = 2**61
"""Nanoseconds; a time that is later than any by so much still fits 64 bits."""
MOST_SLICES = 1_000


@compiled
def end_of_day(world, i):  # type: ignore[no-untyped-def]
    """Return when the account's next rollover is, 0 where the schedule tells of none."""
    market, instrument = world.markets[i], world.instruments[i]
    for place in range(market.schedule_next, instrument.schedule_to):
        if world.schedule[place].kind == ROLLOVER:
            return world.schedule[place].ts
    return 0


@compiled
def _lives(order, ts):  # type: ignore[no-untyped-def]
    """Say whether an order's time in force fits its type and leaves it any time."""
    kind = order.time_in_force
    if kind == GTC:
        return order.expires == 0
    if kind in (GTD, DAY):
        return order.expires > ts
    if kind in (IOC, FOK):
        return order.expires == 0 and order.type in (MARKET, LIMIT)
    return False


@compiled
def _fits(value, is_needed, most):  # type: ignore[no-untyped-def]
    return 0 < value <= most if is_needed else value == 0


@compiled
def _is_guarded_well(order, most):  # type: ignore[no-untyped-def]
    if not (0 <= order.trail <= most and 0 <= order.hold <= LONGEST_HOLD):
        return False
    if order.break_after == 0:
        return order.break_keep == 0
    return 0 <= order.break_keep < order.break_after <= most


@compiled
def refuse_at_venue(order):  # type: ignore[no-untyped-def]
    """Return the reason code of what a venue does not know, else 0.

    It shows no sizes of a book, and what rests there opens: tickets are closed at the market.
    """
    rests = order.type not in (MARKET, TWAP, VWAP, CLOSE_BY)
    return VENUE_CANNOT if order.type == ICEBERG or (rests and order.ticket != OPENS) else 0


@compiled
def refuse_terms(order, position, instrument, ts):  # type: ignore[no-untyped-def]
    """Return the reason code of the first term that makes no sense, 0 where all do."""
    price_max = instrument.price_max
    if not _lives(order, ts):
        return TIME_IN_FORCE
    if not _fits(order.limit, order.type == STOP_LIMIT, price_max):
        return LIMIT_PRICE
    if not _fits(order.distance, order.type == TRAILING_STOP, price_max):
        return DISTANCE
    if not _is_guarded_well(order, price_max):
        return GUARD
    if order.group:
        waits = order.time_in_force in (IOC, FOK)
        if order.group < 0 or order.type == MARKET or order.type >= TWAP or waits:
            return GROUP
        if order.group == position.group_filled:
            return GROUP_FILLED
    return _refuse_work(order, instrument)


@compiled
def _refuse_work(order, instrument):  # type: ignore[no-untyped-def]
    """Return why an order cannot be sent in children, 0 where it can or need not."""
    in_time = order.type in (TWAP, VWAP)
    if not _fits(order.slices, in_time, MOST_SLICES) or not _fits(
        order.every, in_time, LONGEST_HOLD
    ):
        return SLICES
    if not _fits(order.shown, order.type == ICEBERG, abs(order.quantity)):
        return SHOWN
    if order.type == ICEBERG:
        step = instrument.volume_step
        if order.shown % step != 0 or order.shown < instrument.volume_min:
            return SHOWN
        if instrument.depth == 0 and instrument.size_units == 0:
            return NO_SIZES
    return 0

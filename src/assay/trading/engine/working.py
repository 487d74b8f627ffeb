"""Orders that are sent in parts: evenly over time, by the usual flow of quotes, or a tip at a time.

At the end of an event an order that is due sends a child, which meets the market from the next
event on as any order does, under a key of its own and asked of every risk rule again.
"""

from __future__ import annotations

from assay.kernel.compiling import compiled, inlined
from assay.kernel.records import (
    EXPIRED,
    FREE,
    ICEBERG,
    LIMIT,
    MARKET,
    NO_VENUE,
    UNFILLED,
    VWAP,
    WORKED,
    WORKING,
)
from assay.kernel.rounding import muldiv
from assay.trading.engine.slots import free_slot, note_end

HOURS = 24
HOUR_NS = 3_600_000_000_000


@inlined
def hour_of(ts):  # type: ignore[no-untyped-def]
    """Return the hour of the day (UTC) of a time."""
    return ts // HOUR_NS % HOURS


@compiled
def _share(profile, order):  # type: ignore[no-untyped-def]
    """Return (weight of the slice that is due, weight of all that are left)."""
    if order.type != VWAP:
        return 1, order.slices
    whole = 0
    for k in range(order.slices):
        whole += profile[hour_of(order.due + k * order.every)]
    return (profile[hour_of(order.due)], whole) if whole else (1, order.slices)


@compiled
def _size_child(profile, order, instrument):  # type: ignore[no-untyped-def]
    """Return the units of the child that is due, 0 where they are too few to be sent."""
    left = abs(order.quantity)
    if order.type == ICEBERG:
        return min(left, order.shown)
    if order.slices <= 1:
        return left
    weight, whole = _share(profile, order)
    units = min(muldiv(left, weight, whole), left) // instrument.volume_step
    units *= instrument.volume_step
    return units if units >= instrument.volume_min else 0


@compiled
def _has_child(orders, reference):  # type: ignore[no-untyped-def]
    for slot in range(len(orders)):
        if orders[slot].state != FREE and orders[slot].parent == reference:
            return True
    return False


@compiled
def find_due(world, a, i, ts):  # type: ignore[no-untyped-def]
    """Return the slot of an order that is to send a child now, -1 for none; end those that did."""
    orders, position = world.orders[a, i], world.positions[a, i]
    for slot in range(len(orders)):
        order = orders[slot]
        is_over = order.expires != 0 and order.expires <= ts
        if order.state != WORKING or order.asleep or is_over:
            if order.state == WORKING and is_over and world.accounts[a].venue != NO_VENUE:
                free_slot(position, order)
                note_end(world, a, i, order, ts, EXPIRED)
            continue
        has_child = _has_child(orders, order.number + 1)
        is_done = order.quantity == 0 or (order.type != ICEBERG and order.slices == 0)
        if is_done and not has_child:
            free_slot(position, order)
            note_end(world, a, i, order, ts, WORKED if order.quantity == 0 else UNFILLED)
        elif not is_done and order.due <= ts and not (order.type == ICEBERG and has_child):
            return slot
    return -1


@compiled
def cut_child(world, a, i, slot, order):  # type: ignore[no-untyped-def]
    """Write the child that an order is to send; return its units, 0 where none is sent now."""
    kept, profile = world.orders[a, i, slot], world.profiles[i]
    units = _size_child(profile, kept, world.instruments[i])
    if kept.type != ICEBERG:
        kept.slices -= 1
        kept.due += kept.every
    order.quantity = units if kept.quantity > 0 else -units
    order.type = LIMIT if kept.type == ICEBERG else MARKET
    order.passive = 1 if kept.type == ICEBERG else 0
    order.price, order.stop, order.target = kept.price, kept.stop, kept.target
    order.expires, order.time_in_force = kept.expires, kept.time_in_force
    order.trail, order.break_after, order.break_keep = kept.trail, kept.break_after, kept.break_keep
    order.hold, order.parent = kept.hold, kept.number + 1
    order.limit = order.group = order.distance = order.slices = order.every = order.shown = 0
    order.ticket, order.by = kept.ticket, 0
    return units

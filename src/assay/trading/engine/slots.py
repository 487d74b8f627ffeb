"""The slots of waiting orders: an order is kept there, taken out, or ends there unfilled."""

from __future__ import annotations

from assay.kernel.compiling import compiled, inlined
from assay.kernel.records import (
    AWAY,
    CANCEL_WANTED,
    CANCELLED,
    CLOSE_BY,
    EXPIRED,
    FOK,
    FREE,
    IOC,
    LIMIT,
    MARKET,
    NO_VENUE,
    OTHER_FILLED,
    PENDING,
    RESTING,
    TRAILING_STOP,
    TWAP,
    UNFILLED,
    WORKING,
)
from assay.trading.engine.arrays import assign
from assay.trading.risk.verdict import NO_SLOT

TILL_NEXT_STAGE, TILL_NEXT_EVENT = 1, 2
"""How long an order sleeps."""


@inlined
def is_immediate(order):  # type: ignore[no-untyped-def]
    """Say whether an order may fill at the next price alone."""
    return order.time_in_force in (IOC, FOK)


@inlined
def take_terms(order, of):  # type: ignore[no-untyped-def]
    """Copy ORDER_TERMS from another record."""
    order.limit, order.time_in_force, order.expires = of.limit, of.time_in_force, of.expires
    order.group, order.distance, order.trail = of.group, of.distance, of.trail
    order.break_after, order.break_keep, order.hold = of.break_after, of.break_keep, of.hold
    order.slices, order.every, order.shown = of.slices, of.every, of.shown


@inlined
def clear_terms(order):  # type: ignore[no-untyped-def]
    """Take all ORDER_TERMS away."""
    order.limit = order.time_in_force = order.expires = order.group = order.distance = 0
    order.trail = order.break_after = order.break_keep = order.hold = 0
    order.slices = order.every = order.shown = 0


@inlined
def _wants_every_event(order):  # type: ignore[no-untyped-def]
    return order.type >= TRAILING_STOP or order.expires != 0


@inlined
def _moves(order):  # type: ignore[no-untyped-def]
    """Return by how much an order that waits for the next price alone moves the position."""
    return 0 if order.type == CLOSE_BY else order.quantity


@compiled
def note_end(world, a, i, order, ts, kind):  # type: ignore[no-untyped-def]
    """Log an order that will not fill any more, and why."""
    n = world.counts[2]
    world.counts[2] = n + 1
    note = world.notes[n]
    note.sequence = world.counts[1] + world.counts[2]
    note.ts, note.account, note.instrument, note.kind = ts, a, i, kind
    note.order, note.amount, note.nights = order.number, 0, 0
    note.position = world.positions[a, i].quantity
    note.order_ts, note.order_ordinal, note.ticket = order.ts, order.ordinal, 0


@compiled
def _want_cancel(world, a, i, ts, reference):  # type: ignore[no-untyped-def]
    """Log that what waits at a venue is to be cancelled there, or the order of a reference."""
    n = world.counts[2]
    world.counts[2] = n + 1
    note = world.notes[n]
    note.sequence = world.counts[1] + world.counts[2]
    note.ts, note.account, note.instrument, note.kind = ts, a, i, CANCEL_WANTED
    note.order, note.amount, note.nights = reference, 0, 0
    note.position, note.order_ts, note.order_ordinal = world.positions[a, i].quantity, ts, 0
    note.ticket = 0


@compiled
def keep_order(world, a, i, order):  # type: ignore[no-untyped-def]
    """Put an order into a free slot; return 0, or NO_SLOT where none is free."""
    orders, position = world.orders[a, i], world.positions[a, i]
    is_sent = order.type < TWAP or order.type == CLOSE_BY
    is_away = is_sent and world.accounts[a].venue != NO_VENUE
    for slot in range(len(orders)):
        kept = orders[slot]
        if kept.state != FREE:
            continue
        assign(kept, order)
        kept.asleep = 0
        if is_away:
            kept.state = AWAY
            position.waiting += order.quantity if order.type == MARKET else 0
            position.resting_orders += 1
        elif order.type in (MARKET, CLOSE_BY) or is_immediate(order):
            kept.state = PENDING
            position.waiting += _moves(order)
            position.waiting_orders += 1
        else:
            kept.state = WORKING if order.type >= TWAP else RESTING
            position.resting_orders += 1
        position.watch += 1 if _wants_every_event(order) else 0
        position.last_order = order.number + 1
        return 0
    return NO_SLOT


@compiled
def free_slot(position, kept):  # type: ignore[no-untyped-def]
    """Empty a slot."""
    if kept.state == PENDING:
        position.waiting -= _moves(kept)
        position.waiting_orders -= 1
    else:
        position.resting_orders -= 1
        if kept.state == AWAY and kept.type == MARKET:
            position.waiting -= kept.quantity
    position.watch -= 1 if _wants_every_event(kept) else 0
    kept.state = FREE


@compiled
def ready_order(world, a, i, slot, at):  # type: ignore[no-untyped-def]
    """Write an order that is reached at (bid, ask, time) to the scratch order; or end it."""
    bid, ask, ts_open = at
    position, kept = world.positions[a, i], world.orders[a, i, slot]
    assign(world.scratch_orders[0], kept)
    wait_max, ends = world.limits[a, i].wait_max, 0
    if kept.expires and ts_open >= kept.expires:
        ends = EXPIRED
    elif kept.type == MARKET:
        if wait_max and not kept.reduces and ts_open - kept.ts > wait_max:
            ends = CANCELLED
    elif kept.type == LIMIT and kept.state == PENDING:
        reached = ask <= kept.price if kept.quantity > 0 else bid >= kept.price
        ends = 0 if reached else UNFILLED
    if ends:
        free_slot(position, kept)
        note_end(world, a, i, kept, ts_open, ends)
    return ends == 0


@compiled
def take_from(position, kept, part):  # type: ignore[no-untyped-def]
    """Take what fills from a kept order: all of it frees the slot, the rest sleeps."""
    if part == kept.quantity:
        free_slot(position, kept)
        return
    kept.quantity -= part
    kept.asleep, kept.group = TILL_NEXT_EVENT, 0
    if kept.state == PENDING and kept.type != CLOSE_BY:
        position.waiting -= part


@compiled
def find_resting(orders, reference):  # type: ignore[no-untyped-def]
    """Return the slot of the resting order that a reference means, -1 where there is none."""
    for slot in range(len(orders)):
        kept = orders[slot]
        waits = kept.type not in (MARKET, CLOSE_BY) and not is_immediate(kept)
        rests_away = kept.state == AWAY and waits
        if (kept.state == RESTING or rests_away) and kept.number + 1 == reference:
            return slot
    return -1


@compiled
def find_away(orders, reference):  # type: ignore[no-untyped-def]
    """Return the slot of the order at a venue that a reference means, -1 where there is none."""
    for slot in range(len(orders)):
        if orders[slot].state == AWAY and orders[slot].number + 1 == reference:
            return slot
    return -1


@compiled
def take_away(world, a, i, reference, quantity):  # type: ignore[no-untyped-def]
    """Take from an order at a venue what filled or will not fill; without a rest it is gone."""
    position, orders = world.positions[a, i], world.orders[a, i]
    slot = find_away(orders, reference)
    if slot < 0:
        return
    kept = orders[slot]
    if quantity == kept.quantity:
        free_slot(position, kept)
        return
    kept.quantity -= quantity
    if kept.type == MARKET:
        position.waiting -= quantity


@compiled
def cancel_slots(world, a, i, ts, which):  # type: ignore[no-untyped-def]
    """Cancel what waits: all for (0, 0), an order by (its reference, 0), a group by (0, group).

    With an order go its children.
    """
    position, orders = world.positions[a, i], world.orders[a, i]
    reference, group = which
    if world.accounts[a].venue != NO_VENUE:
        _want_cancel(world, a, i, ts, reference)
    left = position.waiting_orders + position.resting_orders
    for slot in range(len(orders)):
        if left == 0:
            break
        kept = orders[slot]
        if kept.state == FREE:
            continue
        left -= 1
        if kept.state == AWAY:
            continue
        is_other = kept.number + 1 != reference and kept.parent != reference
        if (reference and is_other) or (group and kept.group != group):
            continue
        free_slot(position, kept)
        note_end(world, a, i, kept, ts, OTHER_FILLED if group else CANCELLED)


@compiled
def wake_orders(orders, sleep):  # type: ignore[no-untyped-def]
    """Wake the orders that sleep so long."""
    for slot in range(len(orders)):
        if orders[slot].asleep == sleep:
            orders[slot].asleep = 0

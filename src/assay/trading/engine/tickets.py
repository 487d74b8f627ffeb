"""The tickets of a hedging account: every order that opens something has one of its own.

They lie oldest first and without gaps, so that the first of a side is the one that FIFO closes. The
position is their sum, which is worked out anew after each fill.
"""

from __future__ import annotations

from assay.kernel.compiling import compiled, inlined
from assay.kernel.records import (
    AWAY,
    CLOSE_BY,
    FREE,
    MARKET,
    OLDEST,
    OLDEST_FIRST,
    OPENS,
    TICKET_SLOTS,
    UNFILLED,
)
from assay.kernel.rounding import divide_half_even
from assay.trading.engine.arrays import assign
from assay.trading.engine.refusing import TOO_MANY_TICKETS, UNKNOWN_TICKET
from assay.trading.engine.slots import free_slot, note_end

NO_TICKET = -1


@compiled
def open_tickets(tickets, a, i, count):  # type: ignore[no-untyped-def]
    """Return the open tickets of an instrument, of which there are so many; the oldest first."""
    if count == 0:
        return tickets.reshape(-1)[:0]
    return tickets[a, i][:count]


@compiled
def find_ticket(tickets, reference):  # type: ignore[no-untyped-def]
    """Return the slot of the ticket that a reference means, NO_TICKET where none is open."""
    for slot in range(len(tickets)):
        if tickets[slot].quantity == 0:
            break
        if tickets[slot].number + 1 == reference:
            return slot
    return NO_TICKET


@compiled
def find_oldest(tickets, quantity):  # type: ignore[no-untyped-def]
    """Return the slot of the oldest ticket that a signed quantity closes, NO_TICKET for none."""
    for slot in range(len(tickets)):
        held = tickets[slot].quantity
        if held == 0:
            break
        if (held > 0) != (quantity > 0):
            return slot
    return NO_TICKET


@compiled
def may_open(order):  # type: ignore[no-untyped-def]
    """Say whether an order of a hedging account may make a ticket."""
    return order.type != CLOSE_BY and order.ticket in (OPENS, OLDEST_FIRST)


@inlined
def fillable(world, a, i, order):  # type: ignore[no-untyped-def]
    """Return how much of an order's signed quantity can fill: no more than there is to close."""
    if world.accounts[a].hedges == 0 or may_open(order):
        return order.quantity
    return _closable(world, a, i, order)


@compiled
def _closable(world, a, i, order):  # type: ignore[no-untyped-def]
    tickets, room = world.tickets[a, i], 0
    for slot in range(len(tickets)):
        ticket = tickets[slot]
        if ticket.quantity == 0:
            break
        is_meant = order.ticket in (OLDEST, ticket.number + 1)
        if is_meant and (ticket.quantity > 0) != (order.quantity > 0):
            room += abs(ticket.quantity)
    return min(order.quantity, room) if order.quantity > 0 else max(order.quantity, -room)


@compiled
def own_quantity(world, a, i, order):  # type: ignore[no-untyped-def]
    """Return what an order adds to: the position, or on a hedging account the ticket it opened."""
    if world.accounts[a].hedges == 0:
        return world.positions[a, i].quantity
    tickets = world.tickets[a, i]
    slot = find_ticket(tickets, order.number + 1)
    return tickets[slot].quantity if slot != NO_TICKET else 0


@compiled
def next_part(world, a, i, order, left):  # type: ignore[no-untyped-def]
    """Return (what of a fill goes to one ticket, its slot); one without a ticket is for a new."""
    tickets, slot = world.tickets[a, i], NO_TICKET
    if order.ticket > 0:
        slot = find_ticket(tickets, order.ticket)
    elif order.ticket != OPENS:
        slot = find_oldest(tickets, left)
    if slot != NO_TICKET:
        held = tickets[slot].quantity
        return (min(left, -held) if left > 0 else max(left, -held)), slot
    slot = find_ticket(tickets, order.number + 1)
    return left, (slot if slot != NO_TICKET else world.positions[a, i].tickets)


@compiled
def sum_tickets(position, tickets):  # type: ignore[no-untyped-def]
    """Bring a position to the sum of its tickets."""
    quantity = cost = longs = long_cost = count = 0
    position.first_ticket = position.last_ticket = 0
    for slot in range(len(tickets)):
        ticket = tickets[slot]
        if ticket.quantity == 0:
            continue
        count += 1
        position.last_ticket = ticket.number + 1
        if count == 1:
            position.first_ticket = position.last_ticket
        quantity += ticket.quantity
        cost += ticket.cost
        if ticket.quantity > 0:
            longs += ticket.quantity
            long_cost += ticket.cost
    position.quantity, position.cost, position.long_cost = quantity, cost, long_cost
    position.hedged = min(longs, longs - quantity)
    position.watch += count - position.tickets
    position.tickets = count


@compiled
def begin_ticket(ticket, order, ts):  # type: ignore[no-untyped-def]
    """Write down which order opens a ticket, and when."""
    ticket.number, ticket.order_ts, ticket.order_ordinal = order.number, order.ts, order.ordinal
    ticket.opened_ns = ts
    ticket.cost = ticket.entered_at = ticket.guarded = ticket.watch = 0


@compiled
def drop_ticket(tickets, slot):  # type: ignore[no-untyped-def]
    """Take a closed ticket out; those that are newer move up."""
    for place in range(slot + 1, len(tickets)):
        assign(tickets[place - 1], tickets[place])
        if tickets[place].quantity == 0:
            return
    tickets[len(tickets) - 1].quantity = 0


@compiled
def ready_close_by(world, a, i, order):  # type: ignore[no-untyped-def]
    """Write what closes of two tickets, and the open price of the second; say if anything does."""
    tickets = world.tickets[a, i]
    slot, other = find_ticket(tickets, order.ticket), find_ticket(tickets, order.by)
    if slot == NO_TICKET or other == NO_TICKET:
        return False
    held, against = tickets[slot], tickets[other]
    units = min(abs(held.quantity), abs(against.quantity), abs(order.quantity))
    order.quantity = -units if held.quantity > 0 else units
    order.price = divide_half_even(abs(against.cost), abs(against.quantity))
    return True


@compiled
def size_close_by(world, a, i, intent):  # type: ignore[no-untyped-def]
    """Return the signed units that close of the first of two opposite tickets, 0 for others."""
    if world.accounts[a].hedges == 0:
        return 0
    tickets = world.tickets[a, i]
    slot, other = find_ticket(tickets, intent.ticket), find_ticket(tickets, intent.order)
    if slot == NO_TICKET or other == NO_TICKET:
        return 0
    held, against = tickets[slot].quantity, tickets[other].quantity
    if (held > 0) == (against > 0):
        return 0
    return max(against, -held) if held > 0 else min(against, -held)


@compiled
def closing_away(world, a, i, reference):  # type: ignore[no-untyped-def]
    """Return the signed units by which orders at a venue already change a ticket that they name."""
    orders, units = world.orders[a, i], 0
    for slot in range(len(orders)):
        kept = orders[slot]
        if kept.state == AWAY and kept.type == MARKET and kept.ticket == reference:
            units += kept.quantity
    return units


@compiled
def refuse_ticket(world, a, i, order):  # type: ignore[no-untyped-def]
    """Return the reason code for a ticket that an order cannot close, 0 where it can."""
    if order.type == CLOSE_BY:
        return 0 if order.quantity else UNKNOWN_TICKET
    if world.accounts[a].hedges == 0:
        return UNKNOWN_TICKET if order.ticket else 0
    if order.ticket <= OPENS:
        return UNKNOWN_TICKET if order.ticket < OLDEST_FIRST else 0
    tickets = world.tickets[a, i]
    slot = find_ticket(tickets, order.ticket)
    if slot == NO_TICKET or (tickets[slot].quantity > 0) == (order.quantity > 0):
        return UNKNOWN_TICKET
    return 0


@compiled
def refuse_more(world, a, i, order):  # type: ignore[no-untyped-def]
    """Return the reason code where an order might open more tickets than there can be, else 0."""
    if world.accounts[a].hedges == 0 or not may_open(order):
        return 0
    position = world.positions[a, i]
    wanted = position.tickets + position.waiting_orders + position.resting_orders
    return TOO_MANY_TICKETS if wanted >= TICKET_SLOTS else 0


@inlined
def end_orphans(world, a, i, ts):  # type: ignore[no-untyped-def]
    """End the orders whose ticket is closed."""
    if world.accounts[a].hedges:
        _end_orphans(world, a, i, ts)


@compiled
def _end_orphans(world, a, i, ts):  # type: ignore[no-untyped-def]
    position, orders, tickets = world.positions[a, i], world.orders[a, i], world.tickets[a, i]
    for slot in range(len(orders)):
        kept = orders[slot]
        if kept.state == FREE or kept.ticket <= OPENS:
            continue
        is_there = find_ticket(tickets, kept.ticket) != NO_TICKET
        if is_there and (kept.by == 0 or find_ticket(tickets, kept.by) != NO_TICKET):
            continue
        free_slot(position, kept)
        note_end(world, a, i, kept, ts, UNFILLED)

"""What follows the price: stops that trail, stops that go to the entry, trailing orders.

They move at the corners of the path, each after the stretch that led there: no stop is moved by an
extreme and then filled by a price that came before it.
"""

from __future__ import annotations

from assay.kernel.compiling import compiled
from assay.kernel.records import FREE, INSIDE, ROLLOVER, TRAILING_STOP
from assay.trading.engine.windows import near_entry


@compiled
def renew_guard(position):  # type: ignore[no-untyped-def]
    """Count the position among what must see every event, if its stop moves or its time ends."""
    now = 1 if position.trail | position.break_after | position.close_at else 0
    position.watch += now - position.guarded
    position.guarded = now


@compiled
def _tighten(position, side, stop):  # type: ignore[no-untyped-def]
    if position.stop == 0 or (stop - position.stop) * side > 0:
        position.stop = stop


@compiled
def guard_position(position, order, exit_price, ts):  # type: ignore[no-untyped-def]
    """Take over from the order that opened a position how it is protected and how long held."""
    position.stop, position.target = order.stop, order.target
    position.trail, position.break_after = order.trail, order.break_after
    position.break_keep = order.break_keep
    position.close_at = ts + order.hold if order.hold else 0
    if position.trail:
        side = 1 if position.quantity > 0 else -1
        _tighten(position, side, exit_price - side * position.trail)
    renew_guard(position)


@compiled
def release_guard(position):  # type: ignore[no-untyped-def]
    """Forget how a position that is closed was protected."""
    position.stop = position.target = position.close_at = 0
    position.trail = position.break_after = position.break_keep = 0
    renew_guard(position)


@compiled
def _follow_position(position, price, side):  # type: ignore[no-untyped-def]
    if position.break_after:
        units = abs(position.quantity)
        gained = position.quantity * price - position.cost
        if gained >= position.break_after * units:
            # The mean entry, to the side that keeps the profit where it is no whole point.
            entry = side * -(-side * position.cost // position.quantity)
            _tighten(position, side, entry + side * position.break_keep)
            position.break_after = position.break_keep = 0
            renew_guard(position)
    if position.trail:
        _tighten(position, side, price - side * position.trail)


@compiled
def is_quiet(world, a, i, ts):  # type: ignore[no-untyped-def]
    """Say whether a time is so near the rollover that nothing may follow its wide spreads."""
    limits = world.limits[a, i]
    if limits.rollover_before == 0 and limits.rollover_after == 0:
        return False
    span = limits.rollover_before, limits.rollover_after
    return near_entry(world, i, ROLLOVER, ts, span) == INSIDE


@compiled
def tighten_stop(world, a, i, stop):  # type: ignore[no-untyped-def]
    """Move the stop of an open position nearer to the market, never away; say if it moved.

    Around the rollover nothing moves.
    """
    position, ts = world.positions[a, i], world.markets[i].ts
    before = position.stop
    if position.quantity == 0 or is_quiet(world, a, i, ts):
        return False
    _tighten(position, 1 if position.quantity > 0 else -1, stop)
    return position.stop != before


@compiled
def tighten_ticket(world, a, i, slot, stop):  # type: ignore[no-untyped-def]
    """Do for one ticket of a hedging account what `tighten_stop` does for a position."""
    ticket, ts = world.tickets[a, i, slot], world.markets[i].ts
    before = ticket.stop
    if ticket.quantity == 0 or is_quiet(world, a, i, ts):
        return False
    _tighten(ticket, 1 if ticket.quantity > 0 else -1, stop)
    return ticket.stop != before


@compiled
def _follow_tickets(world, a, i, quote, is_close):  # type: ignore[no-untyped-def]
    """Let the stops of tickets follow, at the close alone those of what the path made."""
    tickets, now = world.tickets[a, i], world.markets[i].events + 1
    for slot in range(len(tickets)):
        ticket = tickets[slot]
        if ticket.quantity == 0:
            return
        if ticket.guarded and (is_close or ticket.entered_at != now):
            side = 1 if ticket.quantity > 0 else -1
            _follow_position(ticket, quote[0] if side > 0 else quote[1], side)


@compiled
def follow_price(world, a, i, quote, when):  # type: ignore[no-untyped-def]
    """Move what follows the price to a (bid, ask) that the path reaches by a time.

    `when` says whether the position was made on the path, and whether this is its end. Around the
    rollover nothing moves.
    """
    position, orders = world.positions[a, i], world.orders[a, i]
    (bid, ask, ts), (entered, is_close) = quote, when
    if is_quiet(world, a, i, ts):
        return
    if position.guarded and position.quantity != 0 and (is_close or not entered):
        side = 1 if position.quantity > 0 else -1
        _follow_position(position, bid if side > 0 else ask, side)
    if position.tickets:
        _follow_tickets(world, a, i, (bid, ask), is_close)
    if position.resting_orders == 0:
        return
    for slot in range(len(orders)):
        order = orders[slot]
        if order.state != FREE and order.type == TRAILING_STOP:
            if order.quantity > 0:
                order.price = min(order.price, ask + order.distance)
            else:
                order.price = max(order.price, bid - order.distance)

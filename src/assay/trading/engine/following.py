"""What follows the price: stops that trail, stops that go to the entry, trailing orders.

They move at the corners of the path, each after the stretch that led there: no stop is moved by an
extreme and then filled by a price that came before it.
"""

from __future__ import annotations

from assay.kernel.compiling import compiled
from assay.kernel.records import FREE, TRAILING_STOP


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
def follow_price(world, a, i, quote, with_position):  # type: ignore[no-untyped-def]
    """Move what follows the price to a (bid, ask) that the path has reached."""
    position, orders = world.positions[a, i], world.orders[a, i]
    bid, ask = quote
    if with_position and position.guarded and position.quantity != 0:
        side = 1 if position.quantity > 0 else -1
        _follow_position(position, bid if side > 0 else ask, side)
    if position.resting_orders == 0:
        return
    for slot in range(len(orders)):
        order = orders[slot]
        if order.state != FREE and order.type == TRAILING_STOP:
            if order.quantity > 0:
                order.price = min(order.price, ask + order.distance)
            else:
                order.price = max(order.price, bid - order.distance)

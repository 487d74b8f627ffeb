"""Change a resting order, or what protects a position, on the strategy's wish."""

from __future__ import annotations

from assay.kernel.compiling import compiled, inlined
from assay.kernel.records import PROTECTION, REMOVE
from assay.trading.engine.following import renew_guard
from assay.trading.engine.refusing import CHANGE, GUARD, NO_POSITION, STOP_SIDE, UNKNOWN_TICKET
from assay.trading.engine.slots import clear_terms
from assay.trading.engine.tickets import NO_TICKET, find_ticket


@inlined
def _changed(held, wanted):  # type: ignore[no-untyped-def]
    """Return a value after a change to it: 0 keeps it, REMOVE takes it away."""
    if wanted == REMOVE:
        return 0
    return wanted if wanted else held


@compiled
def change_order(order, intent):  # type: ignore[no-untyped-def]
    """Write to an order what is wanted otherwise; return a reason code where that cannot be."""
    turns = intent.quantity != 0 and (intent.quantity > 0) != (order.quantity > 0)
    others = intent.time_in_force | intent.expires | intent.group | intent.distance
    others |= intent.trail | intent.break_after | intent.break_keep | intent.hold | intent.ticket
    is_late = order.passive and intent.limit != 0
    if turns or others or is_late or intent.price < 0 or min(intent.stop, intent.target) < REMOVE:
        return CHANGE
    order.quantity = _changed(order.quantity, intent.quantity)
    order.price = _changed(order.price, intent.price)
    order.limit = _changed(order.limit, intent.limit)
    order.stop = _changed(order.stop, intent.stop)
    order.target = _changed(order.target, intent.target)
    return 0


@compiled
def _write_protection(order, position, intent, ts):  # type: ignore[no-untyped-def]
    clear_terms(order)
    order.type, order.quantity, order.price = PROTECTION, 0, 0
    order.ts, order.number, order.ordinal = ts, -1, 0
    order.ticket = order.by = 0
    order.stop = _changed(position.stop, intent.stop)
    order.target = _changed(position.target, intent.target)
    order.trail = _changed(position.trail, intent.trail)


@compiled
def _find_fault(order, position, market, price_max):  # type: ignore[no-untyped-def]
    if position.quantity == 0:
        return NO_POSITION
    if order.stop < 0 or order.target < 0 or not 0 <= order.trail <= price_max:
        return GUARD
    side = 1 if position.quantity > 0 else -1
    price = market.bid if side > 0 else market.ask
    behind = order.stop == 0 or (price - order.stop) * side > 0
    ahead = order.target == 0 or (order.target - price) * side > 0
    return 0 if behind and ahead else STOP_SIDE


@compiled
def _protect(order, held, intent, of):  # type: ignore[no-untyped-def]
    market, price_max, ts = of
    _write_protection(order, held, intent, ts)
    denied = _find_fault(order, held, market, price_max)
    if denied == 0:
        held.stop, held.target, held.trail = order.stop, order.target, order.trail
        renew_guard(held)
    return denied


@compiled
def protect_position(world, a, i, order, ts):  # type: ignore[no-untyped-def]
    """Give a position or ticket the stop, target and trail that are wanted; return why not, or 0.

    The scratch order tells of it: PROTECTION is its type.
    """
    intent, position, tickets = world.intent[0], world.positions[a, i], world.tickets
    market, price_max = world.markets[i], world.instruments[i].price_max
    if position.tickets == 0 and intent.ticket == 0:
        return _protect(order, position, intent, (market, price_max, ts))
    slot = NO_TICKET
    if position.tickets:
        slot = find_ticket(tickets[a, i], intent.ticket)
    if intent.ticket == 0 and position.tickets == 1:
        slot = 0
    if slot == NO_TICKET:
        _write_protection(order, position, intent, ts)
        return UNKNOWN_TICKET
    denied = _protect(order, tickets[a, i, slot], intent, (market, price_max, ts))
    order.ticket = tickets[a, i, slot].number + 1
    return denied

"""Orders in parts and in time, for the slow broker."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.property.slow_orders import (
    DAY,
    FOK,
    GTC,
    GTD,
    HOUR,
    ICEBERG,
    IN_PARTS,
    IOC,
    LIMIT,
    MARKET,
    TWAP,
    UNFILLED,
    VWAP,
    WORKED,
    Order,
    Wish,
    sign,
)  # fmt: skip

if TYPE_CHECKING:
    from tests.property.slow_broker import SlowBroker


def has_time(order: Order, ts: int) -> bool:
    """Say whether an order has time left, and may have such a time."""
    force = order.wish.time_in_force
    if force in (GTD, DAY):
        return order.expires > ts
    if force in (IOC, FOK) and order.kind not in (MARKET, LIMIT):
        return False
    return force in (GTC, IOC, FOK) and order.expires == 0


def refuse_parts(broker: SlowBroker, i: int, order: Order) -> int:
    """Return the code of what makes no sense of an order in parts, or of one that is none."""
    wish, in_time = order.wish, order.kind in (TWAP, VWAP)
    for value, most in ((wish.slices, 1_000), (wish.every, 2**61)):
        if (not 0 < value <= most) if in_time else value != 0:
            return 91
    is_iceberg = order.kind == ICEBERG
    if (not 0 < wish.shown <= abs(order.quantity)) if is_iceberg else wish.shown != 0:
        return 92
    contract = broker.contracts[i]
    if is_iceberg and not contract.depth and not contract.size_units:
        return 93
    if order.kind == VWAP and not sum(broker.quotes[i]):
        return 94
    return 0


def size_of(broker: SlowBroker, i: int, order: Order) -> int:
    """Return the units of the part that is due."""
    left = abs(order.quantity)
    if order.kind == ICEBERG:
        return min(left, order.wish.shown)
    if order.slices == 1:
        return left
    hours = [(order.due + k * order.wish.every) // HOUR % 24 for k in range(order.slices)]
    weights = [broker.quotes[i][hour] for hour in hours]
    if order.kind == TWAP or not sum(weights):
        weights = [1] * order.slices
    return min(round(left * weights[0] / sum(weights)), left)


def work(broker: SlowBroker, i: int, ts: int) -> None:
    """End the orders whose parts are done; let those that are due send one part each."""
    held = broker.positions[i]
    for order in [one for one in held.slots if one and one.kind in IN_PARTS]:
        if order.expires and order.expires <= ts:
            continue
        children = [one for one in held.slots if one and one.parent is order]
        is_done = not order.quantity or (order.kind != ICEBERG and not order.slices)
        if is_done and not children:
            broker.end(i, order, ts, UNFILLED if order.quantity else WORKED)
        elif not is_done and order.due <= ts and not (order.kind == ICEBERG and children):
            send(broker, i, order, ts)


def send(broker: SlowBroker, i: int, order: Order, ts: int) -> None:
    """Send the part of an order that is due."""
    units = size_of(broker, i, order) * sign(order.quantity)
    if order.kind != ICEBERG:
        order.slices -= 1
        order.due += order.wish.every
    if not units:
        return
    kind = LIMIT if order.kind == ICEBERG else MARKET
    wish = order.wish._replace(
        action=Wish(2 if kind == LIMIT else 1).action, slices=0, every=0, shown=0, group=0
    )
    child = Order(kind, units, order.price, wish, ts, broker.numbered, order.expires, parent=order)
    denied = broker.submit(i, child, ts)
    told = (ts, i, kind, units, order.price, wish.stop, wish.target, denied)
    broker.orders.append(told)
    if not denied:
        order.quantity -= units
    elif kind == LIMIT:
        broker.end(i, order, ts, UNFILLED)

"""Cheap tests of whether an event can matter to an account; most bars of most runs do not."""

from __future__ import annotations

from assay.kernel.compiling import compiled, inlined
from assay.kernel.costs import leg_price
from assay.kernel.records import FREE, RESTING

EXACT_BELOW = 4e18
"""Values that certainly fit an account's 64 bits."""


@inlined
def _lowest(event, asks):  # type: ignore[no-untyped-def]
    ends = min(event.open + asks * event.spread_open, event.close + asks * event.spread_close)
    return min(ends, event.low + asks * event.spread_low, event.high + asks * event.spread_high)


@inlined
def _highest(event, asks):  # type: ignore[no-untyped-def]
    ends = max(event.open + asks * event.spread_open, event.close + asks * event.spread_close)
    return max(ends, event.low + asks * event.spread_low, event.high + asks * event.spread_high)


@inlined
def _reaches_exit(position, event):  # type: ignore[no-untyped-def]
    stop, target = position.stop, position.target
    buys = 1 if position.quantity < 0 else 0
    low, high = _lowest(event, buys), _highest(event, buys)
    if position.quantity > 0:
        return (stop != 0 and low <= stop) or (target != 0 and high >= target)
    if position.quantity < 0:
        return (stop != 0 and high >= stop) or (target != 0 and low <= target)
    return False


@compiled
def _reaches_order(order, event):  # type: ignore[no-untyped-def]
    asks = 1 if order.quantity > 0 else 0
    if (order.passive != 0) == (order.quantity > 0):
        return _lowest(event, asks) <= order.price
    return _highest(event, asks) >= order.price


@inlined
def reaches(orders, position, event):  # type: ignore[no-untyped-def]
    """Say whether an event fills anything of an account: the corners of its path, in any order.

    orders [s] are the slots of the account in the event's instrument.
    """
    if position.waiting_orders | position.watch != 0 or _reaches_exit(position, event):
        return True
    left = position.resting_orders
    for slot in range(len(orders)):
        if left == 0:
            return False
        if orders[slot].state != FREE:
            left -= 1
            if orders[slot].state == RESTING and _reaches_order(orders[slot], event):
                return True
    return False


@inlined
def survives(account, position, instrument, market, level, event):  # type: ignore[no-untyped-def]
    """Say whether equity certainly stays above the stop-out level (bp) all along an event.

    Floats with room for their error; where it is close, the exact test decides.
    """
    falls = position.quantity > 0
    bid = event.low if falls else event.high
    ask = bid + (event.spread_low if falls else event.spread_high)
    parts, price = 1, bid if falls else ask
    if instrument.mark_mid:
        parts, price = 2, bid + ask
    raw = float(position.quantity * price - parts * position.cost)
    num, den = float(instrument.value_num), float(instrument.value_den * parts)
    leg = leg_price(raw, instrument, market)
    if leg != 0:
        if instrument.leg_divides:
            den *= float(leg)
        else:
            num *= float(leg)
    worth = raw * num
    rest = float(account.balance + account.unrealised - position.unrealised) * den
    if abs(worth) >= EXACT_BELOW * den:
        return False
    needed = float(level) * float(account.margin) * den
    doubt = 1e-6 * (abs(worth) + abs(rest)) + den
    return (worth + rest - doubt) * 10_000.0 > needed

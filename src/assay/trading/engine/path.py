"""Match waiting orders, stops and targets along the path of one tick or bar.

The path of a bar: open, the extreme adverse to the position, the other extreme, close. Stop before
target. An order that opens a position inside a bar meets its stop if the bar's adverse extreme
reaches it (an ambiguous bar is a loss), and its target only if the bar closes beyond it.

All fills of an event leave through one call: LLVM inlines every call site anew, and a second one
would double the time to compile.
"""

from __future__ import annotations

from assay.kernel.compiling import compiled
from assay.kernel.matching import NEVER, distance_to_trigger
from assay.kernel.records import (
    CANCELLED,
    FREE,
    MARKET,
    ORDER_SLOTS,
    PENDING,
    RESTING,
    STOP_LOSS,
    STOP_OUT,
    TAKE_PROFIT,
    TICK,
)
from assay.trading.engine.settling import fill_order

AT_STOP_OUT, AT_STOP, AT_TARGET, NOTHING = -3, -2, -1, -4
OPENING, GAP, TO_FIRST, TO_SECOND, TO_CLOSE, AFTER = 0, 1, 2, 3, 4, 5
"""Stages of an event's path."""


@compiled
def note_cancel(world, a, i, order, ts):  # type: ignore[no-untyped-def]
    """Log an order that will not fill."""
    n = world.counts[2]
    world.counts[2] = n + 1
    note = world.notes[n]
    note.sequence = world.counts[1] + world.counts[2]
    note.ts, note.account, note.instrument, note.kind = ts, a, i, CANCELLED
    note.order, note.amount, note.nights = order.number, 0, 0
    note.position = world.positions[a, i].quantity
    note.order_ts, note.order_ordinal = order.ts, order.ordinal


@compiled
def _corner(event, stage, low_first):  # type: ignore[no-untyped-def]
    """Return bid and ask at the end of a stage of the path."""
    if stage <= GAP:
        return event.open, event.open + event.spread_open
    if stage >= TO_CLOSE:
        return event.close, event.close + event.spread_close
    if (stage == TO_FIRST) == low_first:
        return event.low, event.low + event.spread_low
    return event.high, event.high + event.spread_high


@compiled
def _nearest_exit(position, bid_leg, ask_leg):  # type: ignore[no-untyped-def]
    best, found = NEVER, NOTHING
    buys = position.quantity < 0
    start, end = ask_leg if buys else bid_leg
    if position.stop:
        best = distance_to_trigger(STOP_LOSS, buys, position.stop, start, end)
        found = AT_STOP if best < NEVER else NOTHING
    if position.target:
        far = distance_to_trigger(TAKE_PROFIT, buys, position.target, start, end)
        if far < best:
            best, found = far, AT_TARGET
    return best, found


@compiled
def _nearest_order(orders, left, bid_leg, ask_leg, best):  # type: ignore[no-untyped-def]
    found = NOTHING
    for slot in range(len(orders)):
        if left == 0:
            break
        order = orders[slot]
        if order.state == RESTING:
            left -= 1
            buys = order.quantity > 0
            start, end = ask_leg if buys else bid_leg
            far = distance_to_trigger(order.type, buys, order.price, start, end)
            if far < best:
                best, found = far, slot
    return best, found


@compiled
def _first_pending(world, a, i):  # type: ignore[no-untyped-def]
    if world.positions[a, i].waiting_orders == 0:
        return NOTHING
    orders = world.orders[a, i]
    for slot in range(len(orders)):
        if orders[slot].state == PENDING:
            return slot
    return NOTHING


@compiled
def _stopped_inside(position, event):  # type: ignore[no-untyped-def]
    if position.quantity == 0 or position.stop == 0:
        return False
    if position.quantity > 0:
        return event.low <= position.stop
    return event.high + event.spread_high >= position.stop


@compiled
def _target_at_close(position, event):  # type: ignore[no-untyped-def]
    if position.quantity == 0 or position.target == 0:
        return False
    if position.quantity > 0:
        return event.close >= position.target
    return event.close + event.spread_close <= position.target


@compiled
def _is_ruined(account, position, limits):  # type: ignore[no-untyped-def]
    level = limits.stop_out_level_bp
    if level == 0 or position.quantity == 0 or account.margin == 0:
        return False
    equity = account.balance + account.unrealised
    return float(equity) * 10_000.0 < float(level) * float(account.margin)


@compiled
def _low_comes_first(position, event):  # type: ignore[no-untyped-def]
    """Say whether the path goes to the low first; without a position, to the nearer extreme."""
    if position.quantity != 0:
        return position.quantity > 0
    return event.open - event.low <= event.high - event.open


@compiled
def _find(world, a, i, event, where):  # type: ignore[no-untyped-def]
    """Return (what fills next in this stage of the path, its distance from the stage's start)."""
    stage, low_first, entered = where
    position = world.positions[a, i]
    if stage == OPENING:
        return _first_pending(world, a, i), 0
    if stage == AFTER:
        reached = entered and _target_at_close(position, event)
        return (AT_TARGET if reached else NOTHING), 1
    bid_start, ask_start = _corner(event, stage - 1, low_first)
    bid_end, ask_end = _corner(event, stage, low_first)
    best, found = NEVER, NOTHING
    if position.quantity != 0 and not entered:
        best, found = _nearest_exit(position, (bid_start, bid_end), (ask_start, ask_end))
    orders, resting = world.orders[a, i], position.resting_orders
    far, slot = _nearest_order(orders, resting, (bid_start, bid_end), (ask_start, ask_end), best)
    return (slot, far) if slot != NOTHING else (found, best)


@compiled
def _prepare_exit(world, a, i, found, ts):  # type: ignore[no-untyped-def]
    position, order = world.positions[a, i], world.scratch_orders[0]
    if position.key_ts != ts:
        position.key_ts, position.key_ordinal = ts, 0
    order.quantity, order.ts, order.number = -position.quantity, ts, -1
    order.ordinal, order.stop, order.target = position.key_ordinal, 0, 0
    position.key_ordinal += 1
    order.type = STOP_LOSS
    order.price = position.stop
    if found == AT_TARGET:
        order.type, order.price = TAKE_PROFIT, position.target
    if found == AT_STOP_OUT:
        order.type = STOP_OUT


@compiled
def _take_order(world, a, i, slot, ts_open):  # type: ignore[no-untyped-def]
    """Move a waiting order out of its slot; say whether it is still wanted."""
    position, kept, order = world.positions[a, i], world.orders[a, i, slot], world.scratch_orders[0]
    order.quantity, order.ts, order.number = kept.quantity, kept.ts, kept.number
    order.ordinal, order.stop, order.target = kept.ordinal, kept.stop, kept.target
    order.type, order.price = kept.type, kept.price
    if kept.state == PENDING:
        position.waiting -= kept.quantity
        position.waiting_orders -= 1
    else:
        position.resting_orders -= 1
    kept.state = FREE
    wait_max = world.limits[a, i].wait_max
    if order.type == MARKET and wait_max and not kept.reduces and ts_open - kept.ts > wait_max:
        note_cancel(world, a, i, kept, ts_open)
        return False
    return True


@compiled
def _opens(before, after):  # type: ignore[no-untyped-def]
    """Say whether a fill opened, increased or turned a position."""
    return after != 0 and (abs(after) > abs(before) or (after > 0) != (before > 0))


@compiled
def _waits_on_path(position):  # type: ignore[no-untyped-def]
    return position.resting_orders != 0 or position.stop != 0 or position.target != 0


@compiled
def match_event(world, a, i, event, ts_open):  # type: ignore[no-untyped-def]
    """Fill what an event reaches: market orders at its open, the rest along its path."""
    position, order = world.positions[a, i], world.scratch_orders[0]
    stage, low_first, entered, check_inside = OPENING, False, False, False
    last = GAP if event.kind == TICK else AFTER
    modelled = 0 if event.kind == TICK else 1
    for _ in range(4 * ORDER_SLOTS):
        if check_inside:
            check_inside = False
            distance, found = 1, (AT_STOP if _stopped_inside(position, event) else NOTHING)
            if found == NOTHING:
                continue
        else:
            found, distance = _find(world, a, i, event, (stage, low_first, entered))
        if found == NOTHING:
            stage += 1
            if stage > last or not _waits_on_path(position):
                return
            if stage == TO_FIRST:
                low_first = _low_comes_first(position, event)
            continue
        if found >= 0 and not _take_order(world, a, i, found, ts_open):
            continue
        if found < 0:
            _prepare_exit(world, a, i, found, event.ts)
        bid, ask = _corner(event, stage - 1, low_first)
        price = order.price
        if distance == 0:
            price = ask if order.quantity > 0 else bid
        before = position.quantity
        ts = ts_open if stage == OPENING else event.ts
        fill_order(world, a, i, order, (price, ask - bid, ts, modelled))
        if found >= 0 and distance > 0 and modelled and _opens(before, position.quantity):
            entered = check_inside = True


@compiled
def stop_out(world, a, i, event, price, spread):  # type: ignore[no-untyped-def]
    """Close the position when equity at this price falls below the stop-out share of margin."""
    account, position = world.accounts[a], world.positions[a, i]
    if _is_ruined(account, position, world.limits[a, i]):
        account.stopped_out += 1
        _prepare_exit(world, a, i, AT_STOP_OUT, event.ts)
        modelled = 0 if event.kind == TICK else 1
        fill_order(world, a, i, world.scratch_orders[0], (price, spread, event.ts, modelled))

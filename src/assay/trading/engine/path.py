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
    CLOSE_BY,
    FOK,
    FREE,
    IOC,
    LIMIT,
    ORDER_SLOTS,
    PENDING,
    RESTING,
    STOP,
    STOP_LIMIT,
    STOP_LOSS,
    STOP_OUT,
    TAKE_PROFIT,
    TICK,
    TICKET_SLOTS,
    TIME_STOP,
    UNFILLED,
)
from assay.trading.engine.following import follow_price
from assay.trading.engine.liquidity import note_taken, offered
from assay.trading.engine.settling import fill_order
from assay.trading.engine.slots import (
    TILL_NEXT_EVENT,
    TILL_NEXT_STAGE,
    cancel_slots,
    free_slot,
    note_end,
    ready_order,
    take_from,
    wake_orders,
)
from assay.trading.engine.tickets import (
    NO_TICKET,
    end_orphans,
    fillable,
    find_ticket,
    own_quantity,
    ready_close_by,
)

AT_TIME, AT_STOP_OUT, AT_STOP, AT_TARGET, NOTHING = -5, -3, -2, -1, -4
PER_TICKET = 8
"""What closes a ticket is one of these less so much for each slot up to its own."""
OPENING, GAP, TO_FIRST, TO_SECOND, TO_CLOSE, AFTER = 0, 1, 2, 3, 4, 5
"""Stages of an event's path."""
FILLS, SLEEPS, GONE = 0, 1, 2
"""What becomes of an order that the path has reached."""


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
            if order.asleep:
                continue
            buys = order.quantity > 0
            start, end = ask_leg if buys else bid_leg
            kind = LIMIT if order.passive else STOP
            far = distance_to_trigger(kind, buys, order.price, start, end)
            if far < best:
                best, found = far, slot
    return best, found


@compiled
def _first_due(orders, position, ts_open):  # type: ignore[no-untyped-def]
    """Return the first order that fills at the next price, or whose time has ended."""
    left = position.waiting_orders
    if left | position.watch == 0:
        return NOTHING
    for slot in range(len(orders)):
        order = orders[slot]
        if order.state == PENDING and not order.asleep:
            return slot
        if order.state >= RESTING and order.expires != 0 and ts_open >= order.expires:
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
def _nearest_ticket_exit(world, a, i, bid_leg, ask_leg):  # type: ignore[no-untyped-def]
    """Return the nearest stop or target of the tickets that this event did not make on its path."""
    tickets, now = world.tickets[a, i], world.markets[i].events + 1
    best, found = NEVER, NOTHING
    for slot in range(world.positions[a, i].tickets):
        if tickets[slot].entered_at == now:
            continue
        far, exit_ = _nearest_exit(tickets[slot], bid_leg, ask_leg)
        if far < best:
            best, found = far, exit_ - PER_TICKET * (slot + 1)
    return best, found


@compiled
def _due_ticket(world, a, i, event, where):  # type: ignore[no-untyped-def]
    """Return what ends at an event's begin, or at its close of what was made inside it."""
    stage, ts_open = where
    tickets, now = world.tickets[a, i], world.markets[i].events + 1
    for slot in range(world.positions[a, i].tickets):
        ticket = tickets[slot]
        is_inside = stage == AFTER and ticket.entered_at == now
        if is_inside and _target_at_close(ticket, event):
            return AT_TARGET - PER_TICKET * (slot + 1)
        if stage == OPENING and ticket.close_at != 0 and ts_open >= ticket.close_at:
            return AT_TIME - PER_TICKET * (slot + 1)
    return NOTHING


@compiled
def _stop_of_new(world, a, i, event):  # type: ignore[no-untyped-def]
    """Return the stop of what the last fill made inside a bar, where the bar reaches it."""
    if world.accounts[a].hedges == 0:
        return AT_STOP if _stopped_inside(world.positions[a, i], event) else NOTHING
    tickets = world.tickets[a, i]
    slot = find_ticket(tickets, world.scratch_orders[0].number + 1)
    if slot == NO_TICKET or not _stopped_inside(tickets[slot], event):
        return NOTHING
    return AT_STOP - PER_TICKET * (slot + 1)


@compiled
def _is_ruined(account, position, limits):  # type: ignore[no-untyped-def]
    level = limits.stop_out_level_bp
    if level == 0 or position.quantity | position.tickets == 0 or account.margin == 0:
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
def _find(world, a, i, event, where, inside):  # type: ignore[no-untyped-def]
    """Return (what fills next in this stage of the path, its distance from the stage's start)."""
    stage, low_first, entered, spent, ts_open = where
    position = world.positions[a, i]
    if inside:
        return _stop_of_new(world, a, i, event), 1
    if stage == OPENING:
        due = _first_due(world.orders[a, i], position, ts_open)
        if due == NOTHING and position.tickets and not spent:
            return _due_ticket(world, a, i, event, (stage, ts_open)), 0
        ends = position.close_at != 0 and ts_open >= position.close_at and not spent
        return (AT_TIME if due == NOTHING and ends else due), 0
    if stage == AFTER:
        if position.tickets and not spent:
            return _due_ticket(world, a, i, event, (stage, ts_open)), 1
        reached = entered and not spent and _target_at_close(position, event)
        return (AT_TARGET if reached else NOTHING), 1
    bid_start, ask_start = _corner(event, stage - 1, low_first)
    bid_end, ask_end = _corner(event, stage, low_first)
    best, found = NEVER, NOTHING
    if position.tickets and not spent:
        best, found = _nearest_ticket_exit(world, a, i, (bid_start, bid_end), (ask_start, ask_end))
    elif position.quantity != 0 and not entered and not spent:
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
    order.passive = order.ticket = order.by = 0
    position.key_ordinal += 1
    stop, target = position.stop, position.target
    if found < -PER_TICKET:
        slot = -found // PER_TICKET - 1
        ticket, found = world.tickets[a, i, slot], found + PER_TICKET * (slot + 1)
        order.quantity, order.ticket = -ticket.quantity, ticket.number + 1
        stop, target = ticket.stop, ticket.target
    order.type, order.price = STOP_LOSS, stop
    if found == AT_TARGET:
        order.type, order.price = TAKE_PROFIT, target
    if found == AT_STOP_OUT:
        order.type = STOP_OUT
    if found == AT_TIME:
        order.type = TIME_STOP


@compiled
def _opens(before, after):  # type: ignore[no-untyped-def]
    """Say whether a fill opened, increased or turned a position."""
    return after != 0 and (abs(after) > abs(before) or (after > 0) != (before > 0))


@compiled
def _waits_on_path(position):  # type: ignore[no-untyped-def]
    rests = position.resting_orders | position.watch != 0
    return rests or position.stop != 0 or position.target != 0


@compiled
def _becomes_limit(kept, distance, quote):  # type: ignore[no-untyped-def]
    """Turn a stop-limit that is reached into a limit where it cannot fill at once; say if so."""
    if kept.type != STOP_LIMIT or kept.passive:
        return False
    bid, ask = quote
    buys = kept.quantity > 0
    price = kept.price
    if distance == 0:
        price = ask if buys else bid
    if kept.limit >= price if buys else kept.limit <= price:
        return False
    kept.passive, kept.asleep = 1, TILL_NEXT_STAGE
    kept.price = kept.limit
    return True


@compiled
def _end_stage(world, a, i, stage, quote, entered):  # type: ignore[no-untyped-def]
    """Let what follows the price follow it to the end of a stage, and wake what slept in it."""
    position, orders = world.positions[a, i], world.orders[a, i]
    if position.watch and GAP <= stage <= TO_CLOSE:
        follow_price(world, a, i, quote, (entered, stage == TO_CLOSE))
    wake_orders(orders, TILL_NEXT_STAGE)


@compiled
def _finds_ticket(world, a, i, slot, ts_open):  # type: ignore[no-untyped-def]
    """Say whether what an order for the next price closes is there; end it where it is not."""
    kept, order = world.orders[a, i, slot], world.scratch_orders[0]
    if kept.type == CLOSE_BY:
        is_there = ready_close_by(world, a, i, order)
    else:
        is_there = kept.state != PENDING or fillable(world, a, i, order) != 0
    if not is_there:
        free_slot(world.positions[a, i], kept)
        note_end(world, a, i, kept, ts_open, UNFILLED)
    return is_there


@compiled
def _part_of(world, a, i, event, order):  # type: ignore[no-untyped-def]
    """Return how much of an order this event fills; tickets against each other need no market."""
    if order.type == CLOSE_BY:
        return order.quantity
    return offered(world, a, i, event, fillable(world, a, i, order))


@compiled
def _note_part(position, order):  # type: ignore[no-untyped-def]
    """Count what fills against what the event offers; tickets against each other take nothing."""
    if order.type != CLOSE_BY:
        note_taken(position, order.quantity)


@compiled
def _note_inside(world, a, i, order):  # type: ignore[no-untyped-def]
    """Note that an order on the path made a position; say if that is the whole, not a ticket."""
    if world.accounts[a].hedges == 0:
        return True
    tickets = world.tickets[a, i]
    slot = find_ticket(tickets, order.number + 1)
    tickets[slot].entered_at = world.markets[i].events + 1
    return False


@compiled
def _make_ready(world, a, i, found, at):  # type: ignore[no-untyped-def]
    """Write what is reached to the scratch order; say whether it fills, sleeps or is gone."""
    stage, distance, bid, ask, ts, ts_open = at
    if found < 0:
        _prepare_exit(world, a, i, found, ts)
        return FILLS
    if stage > OPENING and _becomes_limit(world.orders[a, i, found], distance, (bid, ask)):
        return SLEEPS
    if not ready_order(world, a, i, found, (bid, ask, ts_open)):
        return GONE
    hedges = world.accounts[a].hedges
    return GONE if hedges and not _finds_ticket(world, a, i, found, ts_open) else FILLS


@compiled
def _price_of(order, distance, bid, ask):  # type: ignore[no-untyped-def]
    """Return the order's own price where the path comes to it, else the one it begins at."""
    if distance != 0 or order.type == CLOSE_BY:
        return order.price
    return ask if order.quantity > 0 else bid


@compiled
def _take_part(world, a, i, slot, part, ts):  # type: ignore[no-untyped-def]
    """Take from a kept order what the market offers of it; return what fills."""
    position, kept = world.positions[a, i], world.orders[a, i, slot]
    if part == kept.quantity or (part != 0 and kept.time_in_force != FOK):
        take_from(position, kept, part)
        return part
    if kept.time_in_force in (IOC, FOK):
        free_slot(position, kept)
        note_end(world, a, i, kept, ts, UNFILLED)
    kept.asleep = TILL_NEXT_EVENT
    return 0


@compiled
def _finish_fill(world, a, i, slot, group, ts):  # type: ignore[no-untyped-def]
    """Cancel the rest of a group, and of an order that was to fill at once."""
    position, kept = world.positions[a, i], world.orders[a, i, slot]
    if group:
        position.group_filled = group
        cancel_slots(world, a, i, ts, (0, group))
    if kept.state != FREE and kept.time_in_force == IOC:
        free_slot(position, kept)
        note_end(world, a, i, kept, ts, UNFILLED)


@compiled
def match_event(world, a, i, event, ts_open):  # type: ignore[no-untyped-def]
    """Fill what an event reaches: market orders at its open, the rest along its path."""
    position, order = world.positions[a, i], world.scratch_orders[0]
    stage, low_first, entered, check_inside = OPENING, False, False, False
    slept = spent = is_short = False
    last = GAP if event.kind == TICK else AFTER
    modelled = 0 if event.kind == TICK else 1
    steps = 8 * ORDER_SLOTS + 4 * TICKET_SLOTS * world.accounts[a].hedges
    for _ in range(steps):
        where, inside = (stage, low_first, entered, spent, ts_open), check_inside
        found, distance = _find(world, a, i, event, where, inside)
        check_inside = False
        if found == NOTHING and inside:
            continue
        if found == NOTHING:
            if position.watch or slept:
                (bid, ask), slept = _corner(event, stage, low_first), False
                _end_stage(world, a, i, stage, (bid, ask, event.ts), entered)
            stage += 1
            if stage > last or not _waits_on_path(position):
                break
            low_first = _low_comes_first(position, event) if stage == TO_FIRST else low_first
            continue
        bid, ask = _corner(event, stage - 1, low_first)
        becomes = _make_ready(world, a, i, found, (stage, distance, bid, ask, event.ts, ts_open))
        if becomes != FILLS:
            slept = slept or becomes == SLEEPS
            continue
        price = _price_of(order, distance, bid, ask)
        ts = ts_open if stage == OPENING else event.ts
        before, part = own_quantity(world, a, i, order), _part_of(world, a, i, event, order)
        is_short = is_short or part != order.quantity
        spent = spent or (found < 0 and part != order.quantity)
        if found >= 0:
            part = _take_part(world, a, i, found, part, ts)
        if part == 0:
            continue
        order.quantity = part
        _note_part(position, order)
        fill_order(world, a, i, order, (price, ask - bid, ts, modelled))
        if found >= 0 and (order.group or is_short):
            _finish_fill(world, a, i, found, order.group, ts)
        is_inside = found >= 0 and distance > 0 and modelled
        if is_inside and _opens(before, own_quantity(world, a, i, order)):
            check_inside = True
            entered = _note_inside(world, a, i, order)
    end_orphans(world, a, i, event.ts)
    if is_short:
        wake_orders(world.orders[a, i], TILL_NEXT_EVENT)


@compiled
def _worst_ticket(world, a, i):  # type: ignore[no-untyped-def]
    """Return what closes the ticket that loses most at the market's price, or the position."""
    tickets, market = world.tickets[a, i], world.markets[i]
    worst, found = 0, AT_STOP_OUT
    for slot in range(world.positions[a, i].tickets):
        ticket = tickets[slot]
        price = market.bid if ticket.quantity > 0 else market.ask
        gained = ticket.quantity * price - ticket.cost
        if slot == 0 or gained < worst:
            worst, found = gained, AT_STOP_OUT - PER_TICKET * (slot + 1)
    return found


@compiled
def stop_out(world, a, i, event):  # type: ignore[no-untyped-def]
    """Close the position when equity at the market's price is below the stop-out share of margin.

    Of tickets the one that loses most goes first, until equity suffices.
    """
    account, position, market = world.accounts[a], world.positions[a, i], world.markets[i]
    for _ in range(TICKET_SLOTS):
        if not _is_ruined(account, position, world.limits[a, i]):
            break
        is_hedged = position.tickets != 0
        found = _worst_ticket(world, a, i) if is_hedged else AT_STOP_OUT
        _prepare_exit(world, a, i, found, event.ts)
        order = world.scratch_orders[0]
        order.quantity = offered(world, a, i, event, order.quantity)
        if order.quantity == 0:
            break
        account.stopped_out += 1
        note_taken(position, order.quantity)
        modelled = 0 if event.kind == TICK else 1
        price = market.bid if order.quantity < 0 else market.ask
        fill_order(world, a, i, order, (price, market.spread, event.ts, modelled))
        if not is_hedged:
            break
    end_orphans(world, a, i, event.ts)

"""One event through the engine: schedule, match, mark, then the strategy's wish through risk."""

from __future__ import annotations

from assay.kernel.compiling import compiled, inlined
from assay.kernel.costs import leg_price, swap_for
from assay.kernel.records import (
    AWAY,
    CANCEL,
    CANCEL_ONE,
    CHILD_ORDER,
    CLOSE_BY,
    DAY,
    GO_TO,
    HOLD,
    ICEBERG,
    LIMIT,
    MARKET,
    MODIFY,
    NEW_ORDER,
    NO_VENUE,
    OLDEST,
    OLDEST_FIRST,
    OPENS,
    ORDER_CHANGE,
    PLACE_CLOSE_BY,
    PLACE_ICEBERG,
    PLACE_LIMIT,
    PLACE_STOP,
    PLACE_STOP_LIMIT,
    PLACE_TRAILING,
    PLACE_TWAP,
    POSITION_CHANGE,
    PROTECT,
    RISK_ACT,
    ROLLOVER,
    SESSION_CLOSES,
    SESSION_OPENS,
    STOP,
    STOP_LIMIT,
    SWAP,
    TRAILING_STOP,
    TWAP,
    UNFILLED,
    VWAP,
    WEEK,
)
from assay.kernel.rounding import OVERFLOW
from assay.trading.engine.arrays import assign
from assay.trading.engine.changing import change_order, protect_position
from assay.trading.engine.exposures import measure_order, note_passed
from assay.trading.engine.path import stop_out
from assay.trading.engine.refusing import (
    NO_PROFILE,
    UNKNOWN_ACTION,
    UNKNOWN_ORDER,
    VENUE_CANNOT,
    end_of_day,
    refuse_at_venue,
    refuse_terms,
)
from assay.trading.engine.settling import mark_held
from assay.trading.engine.slots import (
    TILL_NEXT_EVENT,
    cancel_slots,
    clear_terms,
    find_resting,
    free_slot,
    keep_order,
    note_end,
    take_terms,
    wake_orders,
)
from assay.trading.engine.tickets import (
    NO_TICKET,
    closing_away,
    find_ticket,
    may_open,
    refuse_more,
    refuse_ticket,
    size_close_by,
)
from assay.trading.engine.working import cut_child, find_due
from assay.trading.risk.catalogue import examine

NEVER_TURNS = 2**63 - 1
WHOLE_SIZE = 10_000
"""Basis points of what a strategy asks for."""


@compiled
def _charge_swap(world, a, i, ts, nights):  # type: ignore[no-untyped-def]
    """Charge what a position costs overnight, or each of its tickets."""
    position, account = world.positions[a, i], world.accounts[a]
    if account.day_ts < ts:
        account.day_ts, account.day_start = ts, account.balance + account.unrealised
    if position.quantity | position.tickets == 0 or nights == 0 or account.venue != NO_VENUE:
        return
    for slot in range(max(position.tickets, 1)):
        quantity, key = position.quantity, (0, ts, 0)
        if position.tickets:
            ticket = world.tickets[a, i, slot]
            quantity = ticket.quantity
            key = (ticket.number + 1, ticket.order_ts, ticket.order_ordinal)
        _book_swap(world, a, i, (ts, nights), (quantity, key))


@compiled
def _book_swap(world, a, i, night, what):  # type: ignore[no-untyped-def]
    (ts, nights), (quantity, key) = night, what
    account, instrument, market = world.accounts[a], world.instruments[i], world.markets[i]
    rate = instrument.swap_long if quantity > 0 else instrument.swap_short
    leg = leg_price(rate, instrument, market)
    amount = swap_for(quantity, market.bid, nights, instrument, leg)
    if amount == OVERFLOW:
        account.overflow = 1
        return
    if amount == 0:
        return
    n = world.counts[2]
    if n >= len(world.notes):
        # A gap longer than the log has room for: better an account that trades no more.
        account.overflow = 1
        return
    account.balance += amount
    world.counts[2] = n + 1
    note = world.notes[n]
    note.sequence = world.counts[1] + world.counts[2]
    note.ts, note.account, note.instrument, note.kind = ts, a, i, SWAP
    note.order, note.amount, note.nights = -1, amount, nights
    note.position = world.positions[a, i].quantity
    note.ticket, note.order_ts, note.order_ordinal = key


@compiled
def _begin_week(accounts, ts):  # type: ignore[no-untyped-def]
    for a in range(len(accounts)):
        account = accounts[a]
        if account.week_ts < ts:
            account.week_ts, account.week_start = ts, account.balance + account.unrealised


@compiled
def run_schedule(world, i, until):  # type: ignore[no-untyped-def]
    """Apply session turns and rollovers of an instrument up to and with a time."""
    market, instrument = world.markets[i], world.instruments[i]
    while market.schedule_next < instrument.schedule_to:
        entry = world.schedule[market.schedule_next]
        if entry.ts > until:
            break
        market.schedule_next += 1
        if entry.kind == ROLLOVER:
            for a in range(len(world.accounts)):
                _charge_swap(world, a, i, entry.ts, entry.nights)
        elif entry.kind == WEEK:
            _begin_week(world.accounts, entry.ts)
        elif entry.kind in (SESSION_OPENS, SESSION_CLOSES):
            market.session_open = 1 if entry.kind == SESSION_OPENS else 0
    market.next_turn = NEVER_TURNS
    if market.schedule_next < instrument.schedule_to:
        market.next_turn = world.schedule[market.schedule_next].ts


@compiled
def check_stop_out(world, a, i, event):  # type: ignore[no-untyped-def]
    """Mark the account at the event's adverse extreme; close the position where that ruins.

    Of tickets on both sides the extreme adverse to their sum.
    """
    account, position, market = world.accounts[a], world.positions[a, i], world.markets[i]
    falls = position.quantity > 0
    market.bid = event.low if falls else event.high
    market.spread = event.spread_low if falls else event.spread_high
    market.ask = market.bid + market.spread
    mark_held(account, position, market, world.instruments[i])
    stop_out(world, a, i, event)


@compiled
def cancel_all(world, a, ts):  # type: ignore[no-untyped-def]
    """Cancel every waiting order of an account, as the kill switch does."""
    for i in range(len(world.instruments)):
        cancel_slots(world, a, i, ts, (0, 0))


@compiled
def _fill_in_order(world, a, i, order, event_ts, ts):  # type: ignore[no-untyped-def]
    position, account = world.positions[a, i], world.accounts[a]
    if position.key_ts != event_ts:
        position.key_ts, position.key_ordinal = event_ts, 0
    order.ts, order.ordinal, order.number = ts, position.key_ordinal, account.order_next
    position.key_ordinal += 1
    account.order_next += 1
    before = position.quantity + position.waiting
    after = before + order.quantity
    grows = max(abs(after) - abs(before), 0)
    order.reduces = 1 if grows == 0 and (after == 0 or (after > 0) == (before > 0)) else 0
    if account.hedges and order.ticket != OLDEST_FIRST:
        # A ticket is new risk even against those of the other side, and to close one never is.
        order.reduces = 0 if may_open(order) else 1
        grows = max(grows, abs(order.quantity) - abs(before), 0) if order.reduces == 0 else 0
    measure_order(world, a, i, order, grows)


@compiled
def _name_tickets(world, a, i, order, row):  # type: ignore[no-untyped-def]
    """Write to the log of an order what the keys of its tickets are made of."""
    tickets = world.tickets[a, i]
    slot, other = find_ticket(tickets, order.ticket), find_ticket(tickets, order.by)
    if slot != NO_TICKET:
        row.ticket_ts, row.ticket_ordinal = tickets[slot].order_ts, tickets[slot].order_ordinal
    if other != NO_TICKET:
        row.by_ts, row.by_ordinal = tickets[other].order_ts, tickets[other].order_ordinal


@inlined
def _log_order(world, a, i, order, verdict, told):  # type: ignore[no-untyped-def]
    n = world.counts[0]
    world.counts[0] = n + 1
    row = world.order_log[n]
    row.tells, row.ts, row.key_ts = told
    row.account, row.instrument = a, i
    row.parent_ts = row.parent_ordinal = 0
    row.sequence = world.counts[1] + world.counts[2]
    row.number, row.ordinal, row.type = order.number, order.ordinal, order.type
    row.quantity, row.price, row.stop, row.target = (
        order.quantity, order.price, order.stop, order.target,
    )  # fmt: skip
    row.denied, row.position, row.wanted = verdict
    row.ticket, row.ticket_ts, row.ticket_ordinal = order.ticket, 0, 0
    row.by_ts = row.by_ordinal = 0
    if order.ticket > 0 and world.positions[a, i].tickets:
        _name_tickets(world, a, i, order, row)
    take_terms(row, order)


@compiled
def _examine(world, a, i, order, ts):  # type: ignore[no-untyped-def]
    """Return the reason code for which an order is denied, 0 for none; its own terms go first."""
    market, instrument, position = world.markets[i], world.instruments[i], world.positions[a, i]
    terms = (market, instrument, world.limits[a, i])
    denied = examine(world.checks[a], order, world.accounts[a], position, terms)
    refused = refuse_terms(order, position, instrument, ts)
    if order.type == VWAP and refused == 0 and world.profiles[i].sum() == 0:
        refused = NO_PROFILE
    if refused == 0:
        refused = refuse_ticket(world, a, i, order)
    if refused == 0 and world.accounts[a].venue != NO_VENUE:
        refused = refuse_at_venue(order)
    return refused if refused else denied


@compiled
def _modify_order(world, a, i, order, ts):  # type: ignore[no-untyped-def]
    """Change a resting order where every rule lets the order pass that it becomes."""
    orders, intent, position = world.orders[a, i], world.intent[0], world.positions[a, i]
    slot, held = find_resting(orders, intent.order), position.quantity
    if slot < 0:
        _write_order(world, i, order, intent, intent.quantity)
        refused = UNKNOWN_ORDER
    else:
        assign(order, orders[slot])
        refused = change_order(order, intent)
        if orders[slot].state == AWAY and order.quantity != orders[slot].quantity:
            refused = VENUE_CANNOT
    number, ordinal, key_ts = order.number, order.ordinal, order.ts
    _fill_in_order(world, a, i, order, ts, ts)
    denied = _examine(world, a, i, order, ts)
    denied = refused if refused else denied
    tells = (NEW_ORDER, ts, ts)
    if denied == 0:
        order.number, order.ordinal, order.ts = number, ordinal, key_ts
        assign(orders[slot], order)
        tells = (ORDER_CHANGE, ts, key_ts)
    _log_order(world, a, i, order, (denied, held, held + order.quantity), tells)


@inlined
def _type_of(action):  # type: ignore[no-untyped-def]
    if action == PLACE_LIMIT:
        return LIMIT
    if action == PLACE_STOP:
        return STOP
    if action == PLACE_STOP_LIMIT:
        return STOP_LIMIT
    if PLACE_TWAP <= action <= PLACE_ICEBERG:
        return TWAP + action - PLACE_TWAP
    if action == PLACE_CLOSE_BY:
        return CLOSE_BY
    return TRAILING_STOP if action == PLACE_TRAILING else MARKET


@compiled
def _write_order(world, i, order, intent, quantity):  # type: ignore[no-untyped-def]
    """Write down what a strategy asks for as an order."""
    market = world.markets[i]
    order.type, order.quantity = _type_of(intent.action), quantity
    order.price = 0 if order.type in (MARKET, TWAP, VWAP, CLOSE_BY) else intent.price
    order.ticket, order.by = intent.ticket, intent.order if order.type == CLOSE_BY else 0
    order.parent, order.due = 0, world.markets[i].ts
    order.stop, order.target = intent.stop, intent.target
    take_terms(order, intent)
    order.passive = 1 if order.type == LIMIT else 0
    if order.type == TRAILING_STOP and order.price == 0:
        order.price = market.ask + order.distance if quantity > 0 else market.bid - order.distance
    if order.time_in_force == DAY and order.expires == 0:
        order.expires = end_of_day(world, i)


@compiled
def _change_what_is(world, a, i, order, ts):  # type: ignore[no-untyped-def]
    """Change a resting order, or what protects a position."""
    intent, held = world.intent[0], world.positions[a, i].quantity
    if intent.action == PROTECT:
        denied = protect_position(world, a, i, order, ts)
        _log_order(world, a, i, order, (denied, held, held), (POSITION_CHANGE, ts, ts))
    else:
        _modify_order(world, a, i, order, ts)


@inlined
def _size_for(account, intent, held, step):  # type: ignore[no-untyped-def]
    """Return the volume that is asked for, less the share held back; in whole steps, never up."""
    wanted = intent.quantity
    if account.held_back == 0 or (account.hedges and intent.ticket != OPENS):
        return wanted
    if intent.action != GO_TO and (held > 0) != (wanted > 0) and abs(wanted) <= abs(held):
        return wanted
    kept = abs(wanted) * (WHOLE_SIZE - account.held_back) // WHOLE_SIZE
    kept -= kept % step
    return kept if wanted > 0 else -kept


@compiled
def _send_reduction(world, a, i, quantity, ticket):  # type: ignore[no-untyped-def]
    """Send a market order of risk's own, which closes and never opens; say if it went."""
    position, order, ts = world.positions[a, i], world.scratch_orders[0], world.markets[i].ts
    last, after = position.last_order, position.quantity + position.waiting + quantity
    order.type, order.price, order.stop, order.target = MARKET, 0, 0, 0
    order.quantity = quantity
    order.passive, order.parent, order.due = 0, 0, ts
    clear_terms(order)
    order.ticket, order.by = ticket if world.accounts[a].hedges else OPENS, 0
    _fill_in_order(world, a, i, order, ts, ts)
    denied = keep_order(world, a, i, order)
    position.last_order = last
    _log_order(world, a, i, order, (denied, position.quantity, after), (RISK_ACT, ts, ts))
    return denied == 0


@compiled
def reduce_position(world, a, i, keep):  # type: ignore[no-untyped-def]
    """Send what leaves at most so many units, and cancel what waits; say if it went.

    It is an act that takes no risk, so no rule is asked: it queues for the next price. A hedging
    account that is to keep nothing closes the tickets of both sides.
    """
    position, most = world.positions[a, i], world.instruments[i].volume_max
    cancel_slots(world, a, i, world.markets[i].ts, (0, 0))
    if keep == 0 and position.tickets and position.waiting == 0:
        longs = position.hedged + max(position.quantity, 0)
        shorts = position.hedged + max(-position.quantity, 0)
        went = longs > 0 and _send_reduction(world, a, i, -min(longs, most), OLDEST)
        return (shorts > 0 and _send_reduction(world, a, i, min(shorts, most), OLDEST)) or went
    held = position.quantity
    there = held + position.waiting
    over = min(abs(there) - keep, most)
    if over <= 0 or (there > 0) != (held > 0):
        return False
    return _send_reduction(world, a, i, -over if there > 0 else over, OLDEST)


@compiled
def reduce_ticket(world, a, i, slot, keep):  # type: ignore[no-untyped-def]
    """Send what leaves at most so many units of one ticket, as `reduce_position` does."""
    ticket, most = world.tickets[a, i, slot], world.instruments[i].volume_max
    over = min(abs(ticket.quantity) - keep, most)
    if over <= 0:
        return False
    reference = ticket.number + 1
    return _send_reduction(world, a, i, -over if ticket.quantity > 0 else over, reference)


@compiled
def _wanted(world, a, i, intent, size):  # type: ignore[no-untyped-def]
    """Return the signed units that an order for what a strategy wants has, at such a size."""
    position = world.positions[a, i]
    if intent.action == PLACE_CLOSE_BY:
        return size_close_by(world, a, i, intent)
    if intent.action != GO_TO:
        return size
    if intent.ticket <= OPENS or world.accounts[a].hedges == 0:
        return size - position.quantity - position.waiting
    slot = find_ticket(world.tickets[a, i], intent.ticket)
    held = world.tickets[a, i, slot].quantity if slot != NO_TICKET else 0
    return size - held - closing_away(world, a, i, intent.ticket)


@compiled
def _keep(world, a, i, order):  # type: ignore[no-untyped-def]
    """Keep an order that passed; return the reason code where there is no room, else 0."""
    denied = refuse_more(world, a, i, order)
    return denied if denied else keep_order(world, a, i, order)


@compiled
def place_intent(world, a, i, ts):  # type: ignore[no-untyped-def]
    """Turn what the strategy asks for into an order, if every risk rule lets it pass."""
    intent, position = world.intent[0], world.positions[a, i]
    if intent.action == HOLD:
        return
    if intent.action == CANCEL:
        cancel_slots(world, a, i, ts, (0, 0))
        return
    if intent.action == CANCEL_ONE:
        if intent.order:
            cancel_slots(world, a, i, ts, (intent.order, 0))
        return
    order, held = world.scratch_orders[0], position.quantity
    if intent.action in (MODIFY, PROTECT):
        _change_what_is(world, a, i, order, ts)
        return
    size = _size_for(world.accounts[a], intent, held, world.instruments[i].volume_step)
    quantity = _wanted(world, a, i, intent, size)
    if intent.action == GO_TO and quantity == 0:
        return
    _write_order(world, i, order, intent, quantity)
    if intent.action == GO_TO and intent.ticket == OPENS and world.accounts[a].hedges:
        order.ticket = OLDEST_FIRST
    _fill_in_order(world, a, i, order, ts, ts)
    denied = _examine(world, a, i, order, ts)
    if not (GO_TO <= intent.action <= PLACE_CLOSE_BY):
        denied = UNKNOWN_ACTION
    if denied == 0:
        denied = _keep(world, a, i, order)
    if denied == 0:
        note_passed(world.accounts[a], position, order, world.limits[a, i])
    wanted = size if intent.action == GO_TO else held + quantity
    _log_order(world, a, i, order, (denied, held, wanted), (NEW_ORDER, ts, ts))


@compiled
def _send_child(world, a, i, slot, ts):  # type: ignore[no-untyped-def]
    position, kept, order = world.positions[a, i], world.orders[a, i, slot], world.scratch_orders[0]
    kept.asleep, last, held = TILL_NEXT_EVENT, position.last_order, position.quantity
    if cut_child(world, a, i, slot, order) == 0:
        return
    _fill_in_order(world, a, i, order, ts, ts)
    denied = _examine(world, a, i, order, ts)
    if denied == 0:
        denied = _keep(world, a, i, order)
    _log_order(world, a, i, order, (denied, held, held + order.quantity), (CHILD_ORDER, ts, ts))
    row = world.order_log[world.counts[0] - 1]
    row.parent_ts, row.parent_ordinal = kept.ts, kept.ordinal
    position.last_order = last
    if denied == 0:
        kept.quantity -= order.quantity
    elif kept.type == ICEBERG:
        free_slot(position, kept)
        note_end(world, a, i, kept, ts, UNFILLED)


@compiled
def work_orders(world, a, i, ts):  # type: ignore[no-untyped-def]
    """Send the children that are due at the end of an event, one of each order."""
    slot = find_due(world, a, i, ts)
    while slot >= 0:
        _send_child(world, a, i, slot, ts)
        slot = find_due(world, a, i, ts)
    wake_orders(world.orders[a, i], TILL_NEXT_EVENT)

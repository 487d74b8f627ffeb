"""One event through the engine: schedule, match, mark, then the strategy's wish through risk."""

from __future__ import annotations

from assay.kernel.compiling import compiled, inlined
from assay.kernel.costs import swap_for
from assay.kernel.records import (
    CANCEL,
    CANCEL_ONE,
    CHILD_ORDER,
    DAY,
    GO_TO,
    HOLD,
    ICEBERG,
    LIMIT,
    MARKET,
    MODIFY,
    NEW_ORDER,
    NO_VENUE,
    ORDER_CHANGE,
    PLACE_ICEBERG,
    PLACE_LIMIT,
    PLACE_STOP,
    PLACE_STOP_LIMIT,
    PLACE_TRAILING,
    PLACE_TWAP,
    POSITION_CHANGE,
    PROTECT,
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
from assay.trading.engine.settling import mark_position
from assay.trading.engine.slots import (
    TILL_NEXT_EVENT,
    cancel_slots,
    find_resting,
    free_slot,
    keep_order,
    note_end,
    take_terms,
    wake_orders,
)
from assay.trading.engine.working import cut_child, find_due
from assay.trading.risk.catalogue import examine

NEVER_TURNS = 2**63 - 1


@compiled
def _charge_swap(world, a, i, ts, nights):  # type: ignore[no-untyped-def]
    position, account, instrument = world.positions[a, i], world.accounts[a], world.instruments[i]
    if account.day_ts < ts:
        account.day_ts, account.day_start = ts, account.balance + account.unrealised
    if position.quantity == 0 or nights == 0:
        return
    market = world.markets[i]
    if account.venue != NO_VENUE:
        return
    amount = swap_for(position.quantity, market.bid, nights, instrument, market.leg_bid)
    if amount == OVERFLOW:
        account.overflow = 1
        return
    if amount == 0:
        return
    account.balance += amount
    n = world.counts[2]
    world.counts[2] = n + 1
    note = world.notes[n]
    note.sequence = world.counts[1] + world.counts[2]
    note.ts, note.account, note.instrument, note.kind = ts, a, i, SWAP
    note.order, note.amount, note.nights = -1, amount, nights
    note.position, note.order_ts, note.order_ordinal = position.quantity, ts, 0


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
    """Mark the account at the event's adverse extreme; close the position where that ruins."""
    account, position, market = world.accounts[a], world.positions[a, i], world.markets[i]
    falls = position.quantity > 0
    market.bid = event.low if falls else event.high
    market.spread = event.spread_low if falls else event.spread_high
    market.ask = market.bid + market.spread
    mark_position(account, position, market, world.instruments[i])
    stop_out(world, a, i, event, market.bid if falls else market.ask, market.spread)


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
    measure_order(world, a, i, order, grows)


@compiled
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
    return TRAILING_STOP if action == PLACE_TRAILING else MARKET


@compiled
def _write_order(world, i, order, intent, quantity):  # type: ignore[no-untyped-def]
    """Write down what a strategy asks for as an order."""
    market = world.markets[i]
    order.type, order.quantity = _type_of(intent.action), quantity
    order.price = 0 if order.type in (MARKET, TWAP, VWAP) else intent.price
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
    """Change a resting order, or what protects a position; not at a venue yet."""
    intent, held = world.intent[0], world.positions[a, i].quantity
    if world.accounts[a].venue != NO_VENUE:
        _write_order(world, i, order, intent, intent.quantity)
        _fill_in_order(world, a, i, order, ts, ts)
        _log_order(world, a, i, order, (VENUE_CANNOT, held, held), (NEW_ORDER, ts, ts))
    elif intent.action == PROTECT:
        denied = protect_position(world, a, i, order, ts)
        _log_order(world, a, i, order, (denied, held, held), (POSITION_CHANGE, ts, ts))
    else:
        _modify_order(world, a, i, order, ts)


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
    quantity = intent.quantity
    if intent.action == GO_TO:
        quantity = intent.quantity - held - position.waiting
        if quantity == 0:
            return
    _write_order(world, i, order, intent, quantity)
    _fill_in_order(world, a, i, order, ts, ts)
    denied = _examine(world, a, i, order, ts)
    if not GO_TO <= intent.action <= PLACE_ICEBERG:
        denied = UNKNOWN_ACTION
    if denied == 0:
        denied = keep_order(world, a, i, order)
    if denied == 0:
        note_passed(world.accounts[a], position, order, world.limits[a, i])
    wanted = intent.quantity if intent.action == GO_TO else held + quantity
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
        denied = keep_order(world, a, i, order)
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

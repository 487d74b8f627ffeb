"""One event through the engine: schedule, match, mark, then the strategy's wish through risk."""

from __future__ import annotations

from assay.kernel.compiling import compiled
from assay.kernel.costs import margin_for, swap_for, value_in_account
from assay.kernel.records import (
    CANCEL,
    FREE,
    GO_TO,
    HOLD,
    LIMIT,
    MARKET,
    PENDING,
    PLACE_LIMIT,
    RESTING,
    ROLLOVER,
    SESSION_OPENS,
    STOP,
    SWAP,
)
from assay.kernel.rounding import OVERFLOW
from assay.trading.engine.path import note_cancel, stop_out
from assay.trading.engine.settling import mark_position
from assay.trading.risk.catalogue import examine
from assay.trading.risk.verdict import NO_SLOT

NEVER_TURNS = 2**63 - 1


@compiled
def _charge_swap(world, a, i, ts, nights):  # type: ignore[no-untyped-def]
    position, account, instrument = world.positions[a, i], world.accounts[a], world.instruments[i]
    if account.day_ts < ts:
        account.day_ts, account.day_start = ts, account.balance + account.unrealised
    if position.quantity == 0 or nights == 0:
        return
    market = world.markets[i]
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
        else:
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
def _cancel_waiting(world, a, i, ts):  # type: ignore[no-untyped-def]
    position = world.positions[a, i]
    left, orders = position.waiting_orders + position.resting_orders, world.orders[a, i]
    for slot in range(len(orders)):
        if left == 0:
            break
        order = orders[slot]
        if order.state != FREE:
            left -= 1
            order.state = FREE
            note_cancel(world, a, i, order, ts)
    position.waiting = position.waiting_orders = position.resting_orders = 0


@compiled
def cancel_all(world, a, ts):  # type: ignore[no-untyped-def]
    """Cancel every waiting order of an account, as the kill switch does."""
    for i in range(len(world.instruments)):
        _cancel_waiting(world, a, i, ts)


@compiled
def _exposure(world, a):  # type: ignore[no-untyped-def]
    total = 0
    for i in range(len(world.instruments)):
        units, market = abs(world.positions[a, i].quantity), world.markets[i]
        shown = value_in_account(units * market.bid, world.instruments[i], market.leg_bid, 1)
        if shown == OVERFLOW:
            return OVERFLOW
        total += shown
    return total


@compiled
def _fill_in_order(world, a, i, order, event_ts, ts):  # type: ignore[no-untyped-def]
    position, account = world.positions[a, i], world.accounts[a]
    instrument, market = world.instruments[i], world.markets[i]
    if position.key_ts != event_ts:
        position.key_ts, position.key_ordinal = event_ts, 0
    order.ts, order.ordinal, order.number = ts, position.key_ordinal, account.order_next
    position.key_ordinal += 1
    account.order_next += 1
    before = position.quantity + position.waiting
    after = before + order.quantity
    grows = max(abs(after) - abs(before), 0)
    order.reduces = 1 if grows == 0 and (after == 0 or (after > 0) == (before > 0)) else 0
    price = market.ask if order.quantity > 0 else market.bid
    limits = world.limits[a, i]
    if limits.exposure_max:
        order.notional = value_in_account(grows * price, instrument, market.leg_bid, 1)
        account.exposure = _exposure(world, a)
    if limits.margin_use_max_bp:
        order.margin = margin_for(grows * price, instrument, market.leg_bid)


@compiled
def _log_order(world, a, i, order, verdict):  # type: ignore[no-untyped-def]
    n = world.counts[0]
    world.counts[0] = n + 1
    row = world.order_log[n]
    row.ts, row.account, row.instrument = order.ts, a, i
    row.number, row.ordinal, row.type = order.number, order.ordinal, order.type
    row.quantity, row.price, row.stop, row.target = (
        order.quantity, order.price, order.stop, order.target,
    )  # fmt: skip
    row.denied, row.position, row.wanted = verdict


@compiled
def place_intent(world, a, i, ts):  # type: ignore[no-untyped-def]
    """Turn what the strategy asks for into an order, if every risk rule lets it pass."""
    intent, position = world.intent[0], world.positions[a, i]
    if intent.action == HOLD:
        return
    if intent.action == CANCEL:
        _cancel_waiting(world, a, i, ts)
        return
    held = position.quantity
    quantity = intent.quantity
    if intent.action == GO_TO:
        quantity = intent.quantity - held - position.waiting
        if quantity == 0:
            return
    order = world.scratch_orders[0]
    order.quantity, order.stop, order.target = quantity, intent.stop, intent.target
    order.type = (
        MARKET if intent.action == GO_TO else (LIMIT if intent.action == PLACE_LIMIT else STOP)
    )
    order.price = 0 if intent.action == GO_TO else intent.price
    _fill_in_order(world, a, i, order, ts, ts)
    terms = (world.markets[i], world.instruments[i], world.limits[a, i])
    denied = examine(world.checks[a], order, world.accounts[a], position, terms)
    if denied == 0:
        denied = _keep(world, a, i, order)
    wanted = intent.quantity if intent.action == GO_TO else held + quantity
    _log_order(world, a, i, order, (denied, held, wanted))


@compiled
def _keep(world, a, i, order):  # type: ignore[no-untyped-def]
    orders = world.orders[a, i]
    for slot in range(len(orders)):
        kept = orders[slot]
        if kept.state != FREE:
            continue
        kept.state = PENDING if order.type == MARKET else RESTING
        kept.type, kept.quantity, kept.price = order.type, order.quantity, order.price
        kept.stop, kept.target, kept.ts = order.stop, order.target, order.ts
        kept.number, kept.ordinal, kept.reduces = order.number, order.ordinal, order.reduces
        if order.type == MARKET:
            world.positions[a, i].waiting += order.quantity
            world.positions[a, i].waiting_orders += 1
        else:
            world.positions[a, i].resting_orders += 1
        return 0
    return NO_SLOT

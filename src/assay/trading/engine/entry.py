"""Take an event to the market and to what waits in it, and mark accounts at its end."""

from __future__ import annotations

import numpy as np

from assay.kernel.compiling import compiled, inlined
from assay.kernel.records import BASE_BAR, MATCHED_ON_TICKS, NO_VENUE, TICK
from assay.trading.engine.path import match_event
from assay.trading.engine.screening import reaches, survives
from assay.trading.engine.settling import bind_margin, bind_tickets, mark_held, mark_position
from assay.trading.engine.step import check_stop_out, run_schedule, work_orders
from assay.trading.engine.working import hour_of


@inlined
def _show_leg(market, event, instrument, markets):  # type: ignore[no-untyped-def]
    if instrument.leg == event.instrument:
        market.leg_bid, market.leg_ask = market.bid, market.ask
    elif instrument.leg >= 0:
        leg = markets[np.uint64(instrument.leg)]
        market.leg_bid, market.leg_ask = leg.bid, leg.ask


@inlined
def show_depth(market, depth):  # type: ignore[no-untyped-def]
    """Show how many units a quote offers."""
    market.bid_units, market.ask_units = depth.bid, depth.ask


@inlined
def turn_market(market, event, instrument, markets):  # type: ignore[no-untyped-def]
    """Show the event's first price as the market's."""
    market.bid, market.spread = event.open, event.spread_open
    market.ask = event.open + event.spread_open
    _show_leg(market, event, instrument, markets)


@inlined
def close_market(market, event, instrument, markets):  # type: ignore[no-untyped-def]
    """Show the event's last price as the market's."""
    market.ts, market.bid, market.spread = event.ts, event.close, event.spread_close
    market.ask = event.close + event.spread_close
    _show_leg(market, event, instrument, markets)


@inlined
def mark_account(account, position, market, instrument):  # type: ignore[no-untyped-def]
    """Bring an account to the market's last price."""
    if position.quantity != 0:
        if instrument.leg >= 0:
            bind_margin(account, position, instrument, market.leg_bid)
        mark_position(account, position, market, instrument)
    account.peak = max(account.peak, account.balance + account.unrealised)


@compiled
def _mark_tickets(account, position, market, instrument):  # type: ignore[no-untyped-def]
    """Bring an account that holds tickets to the market's last price."""
    if instrument.leg >= 0:
        bind_tickets(account, position, instrument, market.leg_bid)
    mark_held(account, position, market, instrument)
    account.peak = max(account.peak, account.balance + account.unrealised)


@inlined
def keep_marks(account, marked_account, position, marked_position):  # type: ignore[no-untyped-def]
    """Take over what marking changes from copies of an account and its position."""
    account.unrealised, account.margin = marked_account.unrealised, marked_account.margin
    account.peak, account.overflow = marked_account.peak, marked_account.overflow
    position.unrealised, position.margin = marked_position.unrealised, marked_position.margin


@inlined
def waits(position):  # type: ignore[no-untyped-def]
    """Say whether anything of an account may fill in this instrument."""
    return (
        position.waiting_orders | position.watch != 0
        or position.resting_orders != 0
        or position.stop != 0
        or position.target != 0
    )


@inlined
def goes_on(event, i, market):  # type: ignore[no-untyped-def]
    """Say whether an event is a base bar of this instrument that ends before anything turns.

    A bar does not begin after its end, so nothing turns at its open either.
    """
    is_own = event.instrument == i and event.kind == BASE_BAR
    return is_own and not event.flags & MATCHED_ON_TICKS and market.next_turn > event.ts


@compiled
def _work_accounts(world, i, ts):  # type: ignore[no-untyped-def]
    for a in range(len(world.accounts)):
        if world.positions[a, i].watch != 0:
            work_orders(world, a, i, ts)


@compiled
def enter_event(world, i, event):  # type: ignore[no-untyped-def]
    """Take a tick or a bar to the market and to what waits; say whether accounts are to be marked.

    They are not where something turns at the event's end, before which they were marked here, nor
    where one holds tickets, which the loop does not mark. A single account's loop skips this call
    for an event at which it would only close the market.
    """
    accounts, positions = world.accounts, world.positions
    limits, orders = world.limits, world.orders
    instruments, markets = world.instruments, world.markets
    u = np.uint64(i)
    market, instrument = markets[u], instruments[u]
    ts_open = event.ts - event.seconds * 1_000_000_000
    if market.next_turn <= ts_open:
        run_schedule(world, i, ts_open)
    if instrument.leg >= 0:
        turn_market(market, event, instrument, markets)
    working, is_marked = 0, False
    for a in range(len(accounts)):
        position, level = positions[a, u], limits[a, u].stop_out_level_bp
        # What waits at a venue is filled there.
        is_here = waits(position) and accounts[a].venue == NO_VENUE
        if is_here and reaches(orders[a, u], position, event):
            turn_market(market, event, instrument, markets)
            match_event(world, a, i, event, ts_open)
        risks = level != 0 and position.quantity | position.tickets != 0
        if risks and (
            position.tickets != 0
            or not survives(accounts[a], position, instrument, market, level, event)
        ):
            check_stop_out(world, a, i, event)
        working |= position.watch
    if event.kind == TICK:
        world.profiles[i, hour_of(event.ts)] += 1
    close_market(market, event, instrument, markets)
    market.events += 1
    turns = market.next_turn <= event.ts
    if turns or working:
        for a in range(len(accounts)):
            if positions[a, u].tickets:
                _mark_tickets(accounts[a], positions[a, u], market, instrument)
                is_marked = True
            else:
                mark_account(accounts[a], positions[a, u], market, instrument)
    if turns:
        run_schedule(world, i, event.ts)
    if working:
        _work_accounts(world, i, event.ts)
    return not (turns or is_marked)

"""The loop over events, written once as text and completed with a strategy's `decide`.

It is text because Numba keeps the binary of a file, never that of a closure or of a function passed
as an argument; and it holds the arrays as locals, because passing the world to a call counts a
reference for each of its arrays, which on every event would cost more than the trade itself.
"""

from __future__ import annotations

from assay.kernel.compiling import compiled
from assay.kernel.records import ORDER_SLOTS
from assay.trading.engine.settling import bind_margin, mark_position
from assay.trading.engine.step import place_intent

LOOP = '''"""The loop of strategy {name}; generated from assay.trading.engine.loop."""

from assay.kernel.compiling import compiled
from assay.kernel.records import BASE_BAR, MATCHED_ON_TICKS
from assay.trading.engine.loading import strategy_module
from assay.trading.engine.loop import (
    close_market, has_room, log_equity, mark_account, turn_market, waits,
)
from assay.trading.engine.path import match_event
from assay.trading.engine.step import check_stop_out, place_intent, run_schedule

{decide}


@compiled
def run(world, events, start, stop):
    accounts, positions, limits = world.accounts, world.positions, world.limits
    instruments, markets, memory = world.instruments, world.markets, world.memory
    params, counts, equity, intent = world.params, world.counts, world.equity, world.intent[0]
    for k in range(start, stop):
        if not has_room(counts):
            return k
        event = events[k]
        i = event.instrument
        if not event.flags & MATCHED_ON_TICKS:
            market, instrument = markets[i], instruments[i]
            ts_open = event.ts - event.seconds * 1_000_000_000
            if market.next_turn <= ts_open:
                run_schedule(world, i, ts_open)
            turn_market(market, event, instrument, markets)
            for a in range(len(accounts)):
                if waits(positions[a, i]):
                    match_event(world, a, i, event, ts_open)
                if limits[a, i].stop_out_level_bp and positions[a, i].quantity != 0:
                    check_stop_out(world, a, i, event)
            close_market(market, event, instrument, markets)
            for a in range(len(accounts)):
                mark_account(accounts[a], positions[a, i], market, instrument)
            if market.next_turn <= event.ts:
                run_schedule(world, i, event.ts)
        if event.kind != BASE_BAR or not DECIDES:
            continue
        for a in range(len(accounts)):
            intent.action = intent.stop = intent.target = intent.price = 0
            decide(memory[a, i], event, positions[a, i], params[a, i], intent)
            if intent.action:
                place_intent(world, a, i, event.ts)
            log_equity(accounts[a], equity[counts[3]], event.ts)
            counts[3] += 1
    return stop
'''
WITH_STRATEGY = "DECIDES, decide = True, strategy_module({location!r}).decide"
WITHOUT_STRATEGY = """DECIDES = False


@compiled
def decide(memory, event, position, params, intent):
    pass"""
ROWS_PER_EVENT = 8 * ORDER_SLOTS
"""Log rows that one event may need per account: fills of every slot twice, and a month of swaps."""


@compiled
def has_room(counts):  # type: ignore[no-untyped-def]
    """Say whether every log has room for whatever one event may write."""
    return (
        counts[0] <= counts[4]
        and counts[1] <= counts[5]
        and counts[2] <= counts[6]
        and counts[3] <= counts[7]
    )


@compiled
def turn_market(market, event, instrument, markets):  # type: ignore[no-untyped-def]
    """Show the event's first price as the market's."""
    market.bid, market.spread = event.open, event.spread_open
    market.ask = event.open + event.spread_open
    if instrument.leg >= 0:
        market.leg_bid = markets[instrument.leg].bid


@compiled
def close_market(market, event, instrument, markets):  # type: ignore[no-untyped-def]
    """Show the event's last price as the market's."""
    market.ts, market.bid, market.spread = event.ts, event.close, event.spread_close
    market.ask = event.close + event.spread_close
    market.events += 1
    if instrument.leg >= 0:
        market.leg_bid = markets[instrument.leg].bid


@compiled
def mark_account(account, position, market, instrument):  # type: ignore[no-untyped-def]
    """Bring an account to the market's last price."""
    if position.quantity != 0:
        if instrument.leg >= 0:
            bind_margin(account, position, instrument, market.leg_bid)
        mark_position(account, position, market, instrument)
    account.peak = max(account.peak, account.balance + account.unrealised)


@compiled
def waits(position):  # type: ignore[no-untyped-def]
    """Say whether anything of an account may fill in this instrument."""
    return (
        position.waiting_orders != 0
        or position.resting_orders != 0
        or position.stop != 0
        or position.target != 0
    )


@compiled
def log_equity(account, row, ts):  # type: ignore[no-untyped-def]
    """Write the account's worth after a bar."""
    row.ts, row.balance, row.margin = ts, account.balance, account.margin
    row.equity = account.balance + account.unrealised


@compiled
def finish_event(world, a, i, event):  # type: ignore[no-untyped-def]
    """Place what the strategy of an account wants and log the account's worth."""
    if world.intent[0].action:
        place_intent(world, a, i, event.ts)
    log_equity(world.accounts[a], world.equity[world.counts[3]], event.ts)
    world.counts[3] += 1

"""The loop over events, written once as text and completed with a strategy's `decide`.

It is text because Numba keeps the binary of a file, never that of a closure or of a function passed
as an argument; and it holds the arrays as locals, because passing the world to a call counts a
reference for each of its arrays, which on every event would cost more than the trade itself.
"""

from __future__ import annotations

from assay.kernel.compiling import compiled, inlined
from assay.kernel.records import ORDER_SLOTS
from assay.trading.engine.settling import bind_margin, mark_position
from assay.trading.engine.step import place_intent

LOOP = '''"""The loop of strategy {name}; generated from assay.trading.engine.loop."""

import numpy as np

from assay.kernel.compiling import compiled, inlined
from assay.kernel.records import BASE_BAR, MATCHED_ON_TICKS
from assay.trading.engine.loading import strategy_module
from assay.trading.engine.arrays import borrowed, world_at
from assay.trading.engine.loop import (
    clear_decision, close_market, finish_event, has_room, log_equity, mark_account, mark_accounts,
    tell_step, turn_market, waits,
)
from assay.trading.engine.path import match_event
from assay.trading.engine.screening import reaches, survives
from assay.trading.engine.step import check_stop_out, place_intent, run_schedule

{decide}


@compiled
def run(world, events, start, stop):
    accounts, positions = borrowed(world.accounts), borrowed(world.positions)
    limits, instruments = borrowed(world.limits), borrowed(world.instruments)
    markets, memory = borrowed(world.markets), borrowed(world.memory)
    params, orders = borrowed(world.params), borrowed(world.orders)
    counts, equity = borrowed(world.counts), borrowed(world.equity)
    forecasts, intent = borrowed(world.forecasts), world.intent[0]
    for k in range(start, stop):
        if not has_room(counts):
            return k
        event = events[np.uint64(k)]
        i = event.instrument
        u = np.uint64(i)
        market, instrument = markets[u], instruments[u]
        marks, decides = not event.flags & MATCHED_ON_TICKS, event.kind == BASE_BAR and DECIDES
        if marks:
            ts_open = event.ts - event.seconds * 1_000_000_000
            if market.next_turn <= ts_open:
                run_schedule(world, i, ts_open)
            if instrument.leg >= 0:
                turn_market(market, event, instrument, markets)
            for a in range(len(accounts)):
                position, level = positions[a, u], limits[a, u].stop_out_level_bp
                if waits(position) and reaches(orders[a, u], position, event):
                    turn_market(market, event, instrument, markets)
                    match_event(world, a, i, event, ts_open)
                if level and position.quantity != 0:
                    if not survives(accounts[a], position, instrument, market, level, event):
                        check_stop_out(world, a, i, event)
            close_market(market, event, instrument, markets)
            if market.next_turn <= event.ts:
                mark_accounts(accounts, positions, market, instrument, u)
                run_schedule(world, i, event.ts)
                marks = False
        for a in range(len(accounts)):
            if marks:
                mark_account(accounts[a], positions[a, u], market, instrument)
            if not decides:
                continue
            intent.action = intent.stop = intent.target = intent.price = 0
            {call}
            if intent.action:
                place_intent(world, a, i, event.ts)
            log_equity(accounts[a], equity[np.uint64(counts[3])], event.ts)
            counts[3] += 1
    return stop


@compiled
def step(address):
    world = world_at(address)
    reached = run(world, borrowed(world.event), 0, 1)
    return tell_step(borrowed(world.counts), reached)
'''
CONCLUDE = """

@compiled
def conclude(world, events, k, a):
    accounts, positions, params = world.accounts, world.positions, world.params
    instruments, markets, memory = world.instruments, world.markets, world.memory
    forecasts, intent, event = world.forecasts, world.intent[0], events[k]
    i = event.instrument
    u, market, instrument = np.uint64(i), markets[i], instruments[i]
    intent.action = intent.stop = intent.target = intent.price = 0
    {call}
    finish_event(world, a, i, event)
"""
"""What an account does once the forecast of a bar comes, which was matched and marked before."""
CALL = "decide(memory[a, u], event, positions[a, u], params[a, u], intent)"
CALL_ON_FORECAST = """clear_decision(intent)
{indent}view = (forecasts[k], accounts[a], market, instrument)
{indent}decide(memory[a, u], event, positions[a, u], params[a, u], intent, view)"""
WITH_STRATEGY = """DECIDES = True
decide = inlined(strategy_module({location!r}).decide.py_func)"""
WITHOUT_STRATEGY = """DECIDES = False


@compiled
def decide(memory, event, position, params, intent):
    pass"""
NO_ROOM, QUIET, MARKED, TRADED = range(4)
"""What one step came to: nothing done, nothing logged, equity alone, orders or fills or notes."""
ROWS_PER_EVENT = 8 * ORDER_SLOTS
"""Log rows that one event may need per account: fills of every slot twice, and a month of swaps."""


@inlined
def has_room(counts):  # type: ignore[no-untyped-def]
    """Say whether every log has room for whatever one event may write."""
    return (
        counts[0] <= counts[4]
        and counts[1] <= counts[5]
        and counts[2] <= counts[6]
        and counts[3] <= counts[7]
    )


@inlined
def tell_step(counts, reached):  # type: ignore[no-untyped-def]
    """Return what one step logged; where that was marks alone, they count as taken."""
    if not reached:
        return NO_ROOM
    if counts[0] | counts[1] | counts[2]:
        return TRADED
    if not counts[3]:
        return QUIET
    counts[3] = 0
    return MARKED


@inlined
def clear_decision(intent):  # type: ignore[no-untyped-def]
    """Forget what was decided for another account or bar."""
    intent.outcome = intent.reason = intent.side = intent.probability = 0
    intent.lower = intent.upper = intent.cost = intent.expected = 0


@compiled
def turn_market(market, event, instrument, markets):  # type: ignore[no-untyped-def]
    """Show the event's first price as the market's."""
    market.bid, market.spread = event.open, event.spread_open
    market.ask = event.open + event.spread_open
    if instrument.leg >= 0:
        market.leg_bid = markets[instrument.leg].bid


@inlined
def close_market(market, event, instrument, markets):  # type: ignore[no-untyped-def]
    """Show the event's last price as the market's."""
    market.ts, market.bid, market.spread = event.ts, event.close, event.spread_close
    market.ask = event.close + event.spread_close
    market.events += 1
    if instrument.leg >= 0:
        market.leg_bid = markets[instrument.leg].bid


@inlined
def mark_account(account, position, market, instrument):  # type: ignore[no-untyped-def]
    """Bring an account to the market's last price."""
    if position.quantity != 0:
        if instrument.leg >= 0:
            bind_margin(account, position, instrument, market.leg_bid)
        mark_position(account, position, market, instrument)
    account.peak = max(account.peak, account.balance + account.unrealised)


@compiled
def mark_accounts(accounts, positions, market, instrument, i):  # type: ignore[no-untyped-def]
    """Bring every account to the market's last price."""
    for a in range(len(accounts)):
        mark_account(accounts[a], positions[a, i], market, instrument)


@inlined
def waits(position):  # type: ignore[no-untyped-def]
    """Say whether anything of an account may fill in this instrument."""
    return (
        position.waiting_orders != 0
        or position.resting_orders != 0
        or position.stop != 0
        or position.target != 0
    )


@inlined
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

"""The loop over events, written once as text and completed with a strategy's `decide`.

It is text because Numba keeps the binary of a file, never that of a closure or of a function passed
as an argument.

A single account goes from bar to bar inside the loop, on copies of its records that the compiler
keeps in registers, for as long as `enter_event` would do nothing but close the market: nothing
turns, nothing that waits is reached, and equity certainly stays above the stop-out level. Marks,
the decision and the log are the same lines for every event; an order is placed on the records
themselves, which are brought up to date before it and copied anew after it.
"""

from __future__ import annotations

from assay.kernel.compiling import compiled, inlined
from assay.kernel.records import ORDER_SLOTS
from assay.trading.engine.calling import place
from assay.trading.engine.slots import clear_terms

LOOP = '''"""The loop of strategy {name}; generated from assay.trading.engine.loop."""

import numpy as np

from assay.kernel.compiling import compiled, inlined
from assay.kernel.records import BASE_BAR, MATCHED_ON_TICKS, TICK
from assay.trading.engine.loading import strategy_module
from assay.trading.engine.arrays import assign, copied, rarely, world_at
from assay.trading.engine.calling import enter, place
from assay.trading.engine.entry import (
    close_market, goes_on, keep_marks, mark_account, show_depth, turn_market, waits,
)
from assay.trading.engine.loop import (
    clear_decision, clear_intent, finish_event, has_room, log_equity, tell_step,
)
from assay.trading.engine.screening import reaches, survives
from assay.trading.engine.tickets import open_tickets

{decide}


@compiled
def run(world, events, start, stop):
    accounts, positions = world.accounts, world.positions
    limits, instruments = world.limits, world.instruments
    markets, memory = world.markets, world.memory
    params, orders = world.params, world.orders
    counts, equity = world.counts, world.equity
    forecasts, intent = world.forecasts, copied(world.intent[0])
    following, is_single = start, len(accounts) == 1
    depths = world.depths
    tells_depth = len(depths) == len(events)
    while following < stop and has_room(counts):
        first, event = following, events[np.uint64(following)]
        i = event.instrument
        u = np.uint64(i)
        if tells_depth and event.kind == TICK:
            show_depth(markets[u], depths[np.uint64(first)])
        marks = not event.flags & MATCHED_ON_TICKS and enter(world, i, event)
        decides = event.kind == BASE_BAR and DECIDES
        market, instrument, row = copied(markets[u]), copied(instruments[u]), counts[3]
        end = first + 1
        if is_single and marks and event.kind == BASE_BAR and has_room(counts):
            end = min(stop, end + counts[7] - row)
        for a in range(len(accounts)):
            account, position = copied(accounts[a]), copied(positions[a, u])
            k, level = first, limits[a, u].stop_out_level_bp
            waiting = waits(position)
            while True:
                if marks:
                    mark_account(account, position, market, instrument)
                if decides:
                    clear_intent(intent)
                    {call}
                    log_equity(account, equity[np.uint64(row)], event.ts)
                    row += 1
                    if rarely(intent.action != 0):
                        keep_marks(accounts[a], account, positions[a, u], position)
                        if k > first:
                            close_market(markets[u], event, instrument, markets)
                        assign(world.intent[0], intent)
                        place(world, a, i, event.ts)
                        assign(account, accounts[a])
                        assign(position, positions[a, u])
                        waiting = waits(position)
                        if not has_room(counts):
                            end = k + 1
                following = k + 1
                if following >= end:
                    break
                # Goes on where entering the event would only close the market.
                event = events[np.uint64(following)]
                if rarely(not goes_on(event, i, market)):
                    break
                if instrument.leg >= 0:
                    turn_market(market, event, instrument, markets)
                if waiting and rarely(reaches(orders[a, u], position, event)):
                    break
                risks = level != 0 and position.quantity != 0
                if risks and rarely(
                    not survives(account, position, instrument, market, level, event)
                ):
                    break
                close_market(market, event, instrument, markets)
                k = following
            keep_marks(accounts[a], account, positions[a, u], position)
        counts[3] = row
        if k > first:
            close_market(markets[u], events[np.uint64(k)], instrument, markets)
            markets[u].events += k - first
    return following


@compiled
def step(address):
    world = world_at(address)
    reached = run(world, world.event, 0, 1)
    return tell_step(world.counts, reached)
'''
CONCLUDE = """

@compiled
def conclude(world, events, k, a):
    accounts, positions, params = world.accounts, world.positions, world.params
    instruments, markets, memory = world.instruments, world.markets, world.memory
    forecasts, intent, event = world.forecasts, world.intent[0], events[k]
    i = event.instrument
    u, market, instrument = np.uint64(i), markets[i], instruments[i]
    account, position = accounts[a], positions[a, u]
    clear_intent(intent)
    {call}
    finish_event(world, a, i, event)
"""
"""What an account does once the forecast of a bar comes, which was matched and marked before."""
CALL = "decide(memory[a, u], event, position, params[a, u], intent{tickets})"
CALL_ON_FORECAST = """clear_decision(intent)
{indent}view = (forecasts[np.uint64(k)], account, market, instrument)
{indent}decide(memory[a, u], event, position, params[a, u], intent, view{tickets})"""
TICKETS = ", open_tickets(world.tickets, a, u, position.tickets)"
"""What a strategy is given beside it that takes `tickets`."""
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
def clear_intent(intent):  # type: ignore[no-untyped-def]
    """Forget what was asked for at another account or bar."""
    intent.action = intent.quantity = intent.price = intent.stop = intent.target = 0
    intent.order = intent.ticket = 0
    clear_terms(intent)


@inlined
def clear_decision(intent):  # type: ignore[no-untyped-def]
    """Forget what was decided for another account or bar."""
    intent.outcome = intent.reason = intent.side = intent.probability = 0
    intent.lower = intent.upper = intent.cost = intent.expected = 0
    intent.spread = intent.usual_spread = intent.entry = 0
    intent.worth = intent.at_risk = intent.sharpe = 0


@inlined
def log_equity(account, row, ts):  # type: ignore[no-untyped-def]
    """Write the account's worth after a bar."""
    row.ts, row.balance, row.margin = ts, account.balance, account.margin
    row.equity = account.balance + account.unrealised


@compiled
def finish_event(world, a, i, event):  # type: ignore[no-untyped-def]
    """Place what the strategy of an account wants and log the account's worth."""
    if world.intent[0].action:
        place(world, a, i, event.ts)
    log_equity(world.accounts[a], world.equity[world.counts[3]], event.ts)
    world.counts[3] += 1

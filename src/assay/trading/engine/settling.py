"""Book a fill on position and account."""

from __future__ import annotations

from assay.kernel.compiling import compiled, inlined
from assay.kernel.costs import (
    commission_for,
    leg_price,
    margin_for,
    margin_of_sides,
    value_in_account,
)
from assay.kernel.records import CLOSE_BY, STOP, STOP_LIMIT, TAKE_PROFIT
from assay.kernel.rounding import OVERFLOW, muldiv
from assay.trading.engine.following import guard_position, release_guard
from assay.trading.engine.tickets import (
    NO_TICKET,
    begin_ticket,
    drop_ticket,
    next_part,
    sum_tickets,
)


@compiled
def book_quantity(position, quantity, price):  # type: ignore[no-untyped-def]
    """Change quantity and cost by a fill; return the raw (units x points) profit it realises."""
    held = position.quantity
    if held == 0 or (held > 0) == (quantity > 0):
        position.quantity = held + quantity
        position.cost += quantity * price
        return 0
    closed = min(abs(quantity), abs(held))
    released = position.cost if closed == abs(held) else muldiv(position.cost, closed, abs(held))
    sign = 1 if held > 0 else -1
    position.cost -= released
    rest = quantity + sign * closed
    position.quantity = held - sign * closed + rest
    position.cost += rest * price
    return sign * closed * price - released


@inlined
def mark_position(account, position, market, instrument):  # type: ignore[no-untyped-def]
    """Bring the unrealised profit to the market's last price, at the mid or the exit side."""
    if instrument.mark_mid:
        raw = position.quantity * (market.bid + market.ask) - 2 * position.cost
        worth = value_in_account(raw, instrument, leg_price(raw, instrument, market), 2)
    else:
        price = market.bid if position.quantity > 0 else market.ask
        raw = position.quantity * price - position.cost
        worth = value_in_account(raw, instrument, leg_price(raw, instrument, market), 1)
    if worth == OVERFLOW:
        account.overflow = 1
        return
    account.unrealised += worth - position.unrealised
    position.unrealised = worth


@inlined
def bind_margin(account, position, instrument, leg_bid):  # type: ignore[no-untyped-def]
    """Bring the margin to what the open position costs; it changes with fills and with the leg."""
    bound = margin_for(position.cost, instrument, leg_bid)
    if bound == OVERFLOW:
        account.overflow = 1
        return
    account.margin += bound - position.margin
    position.margin = bound


@compiled
def bind_tickets(account, position, instrument, leg_bid):  # type: ignore[no-untyped-def]
    """Bring the margin to what the tickets of both sides bind."""
    longs, short_cost = position.hedged + max(position.quantity, 0), position.long_cost
    short_cost -= position.cost
    shorts = longs - position.quantity
    bound = margin_of_sides((longs, position.long_cost), (shorts, short_cost), instrument, leg_bid)
    if bound == OVERFLOW:
        account.overflow = 1
        return
    account.margin += bound - position.margin
    position.margin = bound


@compiled
def mark_held(account, position, market, instrument):  # type: ignore[no-untyped-def]
    """Bring the unrealised profit to the market's last price; tickets each to their own side."""
    if position.hedged == 0 or instrument.mark_mid:
        mark_position(account, position, market, instrument)
        return
    price = market.bid if position.quantity > 0 else market.ask
    raw = position.quantity * price - position.cost
    raw -= position.hedged * (market.ask - market.bid)
    worth = value_in_account(raw, instrument, leg_price(raw, instrument, market), 1)
    if worth == OVERFLOW:
        account.overflow = 1
        return
    account.unrealised += worth - position.unrealised
    position.unrealised = worth


@compiled
def _log_costs(fill, instrument, crossed, slipped, leg):  # type: ignore[no-untyped-def]
    fill.spread_cost = value_in_account(crossed, instrument, leg, 2)
    fill.slippage_cost = value_in_account(slipped, instrument, leg, 1)
    fill.rate_num = fill.rate_den = 1
    if leg:
        fill.rate_num = instrument.leg_scale if instrument.leg_divides else leg
        fill.rate_den = leg if instrument.leg_divides else instrument.leg_scale


@compiled
def shrinks(before, after):  # type: ignore[no-untyped-def]
    """Say whether a fill closed a part; what is left keeps its stop and target."""
    return abs(after) < abs(before) and (after > 0) == (before > 0)


@compiled
def _book_part(world, a, i, order, what):  # type: ignore[no-untyped-def]
    """Book a part on its ticket, or on a position without; return the raw profit it realises."""
    part, slot, paid, ts = what
    position = world.positions[a, i]
    if slot == NO_TICKET:
        return book_quantity(position, part, paid)
    tickets = world.tickets[a, i]
    if tickets[slot].quantity == 0:
        begin_ticket(tickets[slot], order, ts)
    raw = book_quantity(tickets[slot], part, paid)
    sum_tickets(position, tickets)
    return raw


@compiled
def _guard(held, order, was, at):  # type: ignore[no-untyped-def]
    """Let an order protect what it opened or enlarged; what is closed needs it no more."""
    exit_price, ts = at
    if held.quantity == 0:
        release_guard(held)
    elif (order.type <= STOP or order.type >= STOP_LIMIT) and not shrinks(was, held.quantity):
        guard_position(held, order, exit_price, ts)


@compiled
def _settle_ticket(world, a, i, order, what):  # type: ignore[no-untyped-def]
    """Guard a ticket and name it in the log; where it is closed, take it out."""
    fill, slot, part, at = what
    position, tickets = world.positions[a, i], world.tickets[a, i]
    ticket = tickets[slot]
    fill.ticket = ticket.number + 1
    fill.ticket_ts, fill.ticket_ordinal = ticket.order_ts, ticket.order_ordinal
    _guard(ticket, order, ticket.quantity - part, at)
    if ticket.quantity == 0:
        drop_ticket(tickets, slot)
        sum_tickets(position, tickets)


@compiled
def fill_order(world, a, i, order, at):  # type: ignore[no-untyped-def]
    """Fill an order at (price, spread, time, modelled) plus slippage, ticket by ticket."""
    left, hedges = order.quantity, world.accounts[a].hedges
    while left != 0:
        part, slot = left, NO_TICKET
        if hedges:
            part, slot = next_part(world, a, i, order, left)
        _fill_part(world, a, i, order, (part, slot), at)
        left -= part
        if order.by:
            order.ticket, order.by, left = order.by, 0, -part


@compiled
def _fill_part(world, a, i, order, of, at):  # type: ignore[no-untyped-def]
    """Fill what goes to one ticket, or all where there are none; log it and settle it."""
    price, spread, ts, modelled = at
    account, position = world.accounts[a], world.positions[a, i]
    instrument, market = world.instruments[i], world.markets[i]
    (quantity, slot), kind = of, order.type
    slippage = instrument.slippage
    if kind in (TAKE_PROFIT, CLOSE_BY) or order.passive:
        slippage = 0
    if kind == CLOSE_BY:
        spread = 0
    if kind == STOP_LIMIT and not order.passive:
        slippage = min(slippage, abs(order.limit - price))
    paid = price + slippage if quantity > 0 else price - slippage
    leg_bid = paid if instrument.leg == i else market.leg_bid
    held = position.quantity
    raw = _book_part(world, a, i, order, (quantity, slot, paid, ts))
    # A fill has one rate: that of its profit, or of its loss and what it costs.
    leg = paid if instrument.leg == i else leg_price(raw, instrument, market)
    profit = value_in_account(raw, instrument, leg, 1)
    fee = commission_for(quantity, paid, instrument, leg)
    if profit == OVERFLOW or fee == OVERFLOW:
        account.overflow = 1
        profit = fee = 0
    account.balance += profit - fee
    n = world.counts[1]
    world.counts[1] = n + 1
    fill = world.fills[n]
    fill.sequence = world.counts[1] + world.counts[2]
    fill.ts, fill.account, fill.instrument = ts, a, i
    fill.order, fill.number, fill.quantity = order.number, account.fill_next, quantity
    account.fill_next += 1
    fill.price, fill.commission, fill.profit = paid, fee, profit
    units = abs(quantity)
    _log_costs(fill, instrument, units * spread, units * slippage, leg)
    fill.position, fill.modelled, fill.reason = position.quantity, modelled, kind
    fill.order_ts, fill.order_ordinal = order.ts, order.ordinal
    fill.ticket = fill.ticket_ts = fill.ticket_ordinal = 0
    exit_price = price - spread if quantity > 0 else price + spread
    if slot == NO_TICKET:
        _guard(position, order, held, (exit_price, ts))
    else:
        _settle_ticket(world, a, i, order, (fill, slot, quantity, (exit_price, ts)))
    if position.tickets:
        bind_tickets(account, position, instrument, leg_bid)
        mark_held(account, position, market, instrument)
    else:
        bind_margin(account, position, instrument, leg_bid)
        mark_position(account, position, market, instrument)

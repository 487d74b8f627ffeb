"""Book a fill on position and account."""

from __future__ import annotations

from assay.kernel.compiling import compiled, inlined
from assay.kernel.costs import commission_for, margin_for, value_in_account
from assay.kernel.records import STOP, STOP_LIMIT, TAKE_PROFIT
from assay.kernel.rounding import OVERFLOW, muldiv
from assay.trading.engine.following import guard_position, release_guard


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
        worth = value_in_account(raw, instrument, market.leg_bid, 2)
    else:
        price = market.bid if position.quantity > 0 else market.ask
        worth = value_in_account(
            position.quantity * price - position.cost, instrument, market.leg_bid, 1
        )
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
def _log_costs(fill, instrument, crossed, slipped, leg_bid):  # type: ignore[no-untyped-def]
    fill.spread_cost = value_in_account(crossed, instrument, leg_bid, 2)
    fill.slippage_cost = value_in_account(slipped, instrument, leg_bid, 1)
    fill.rate_num = fill.rate_den = 1
    if leg_bid:
        fill.rate_num = instrument.leg_scale if instrument.leg_divides else leg_bid
        fill.rate_den = leg_bid if instrument.leg_divides else instrument.leg_scale


@compiled
def _shrinks(before, after):  # type: ignore[no-untyped-def]
    """Say whether a fill closed a part; what is left keeps its stop and target."""
    return abs(after) < abs(before) and (after > 0) == (before > 0)


@compiled
def fill_order(world, a, i, order, at):  # type: ignore[no-untyped-def]
    """Fill an order at (price, spread, time, modelled) plus slippage; log it and settle it."""
    price, spread, ts, modelled = at
    account, position = world.accounts[a], world.positions[a, i]
    instrument, market = world.instruments[i], world.markets[i]
    quantity, kind = order.quantity, order.type
    slippage = 0 if kind == TAKE_PROFIT or order.passive else instrument.slippage
    if kind == STOP_LIMIT and not order.passive:
        slippage = min(slippage, abs(order.limit - price))
    paid = price + slippage if quantity > 0 else price - slippage
    leg_bid = paid if instrument.leg == i else market.leg_bid
    held = position.quantity
    raw = book_quantity(position, quantity, paid)
    profit = value_in_account(raw, instrument, leg_bid, 1)
    fee = commission_for(quantity, paid, instrument, leg_bid)
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
    _log_costs(fill, instrument, units * spread, units * slippage, leg_bid)
    fill.position, fill.modelled, fill.reason = position.quantity, modelled, kind
    fill.order_ts, fill.order_ordinal = order.ts, order.ordinal
    if position.quantity == 0:
        release_guard(position)
    elif (kind <= STOP or kind >= STOP_LIMIT) and not _shrinks(held, position.quantity):
        guard_position(position, order, price - spread if quantity > 0 else price + spread, ts)
    bind_margin(account, position, instrument, leg_bid)
    mark_position(account, position, market, instrument)

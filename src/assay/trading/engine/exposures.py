"""What an order would add to an account's risk, worked out where a limit asks for it.

Money is account minor units, and OVERFLOW where a price is missing or the sum passes 63 bits.
"""

from __future__ import annotations

from assay.kernel.compiling import compiled
from assay.kernel.costs import margin_for, margin_of_sides, value_in_account
from assay.kernel.records import (
    AWAY,
    FREE,
    MARKET,
    NEWS,
    OLDEST_FIRST,
    PENDING,
    RESTING,
    ROLLOVER,
    UNKNOWN,
    WORKING,
)
from assay.kernel.rounding import OVERFLOW, divide_half_even, muldiv_wide
from assay.trading.engine.windows import near_entry, near_weekend

WHOLE = 10_000
"""A correlation of one."""


@compiled
def gross_exposure(world, a):  # type: ignore[no-untyped-def]
    """Return the worth of all open positions of an account."""
    total = 0
    for i in range(len(world.instruments)):
        position, market = world.positions[a, i], world.markets[i]
        units = abs(position.quantity) + abs(position.foreign)
        shown = value_in_account(units * market.bid, world.instruments[i], market.leg_bid, 1)
        if shown == OVERFLOW:
            return OVERFLOW
        total += shown
    return total


@compiled
def _worth(world, i, points, units):  # type: ignore[no-untyped-def]
    """Return what units times points of an instrument are worth."""
    instrument, market = world.instruments[i], world.markets[i]
    if units == 0:
        return 0
    if points <= 0 or (instrument.leg >= 0 and market.leg_bid <= 0):
        return OVERFLOW
    return value_in_account(units * points, instrument, market.leg_bid, 1)


@compiled
def _reach(world, a, i):  # type: ignore[no-untyped-def]
    """Return the least and the most units that a position and its waiting orders may come to."""
    position, orders = world.positions[a, i], world.orders[a, i]
    least = most = position.quantity + position.waiting + position.foreign
    left = position.resting_orders
    for slot in range(len(orders)):
        if left == 0:
            break
        rests_away = orders[slot].state == AWAY and orders[slot].type != MARKET
        if orders[slot].state == RESTING or rests_away:
            left -= 1
            if orders[slot].quantity > 0:
                most += orders[slot].quantity
            else:
                least += orders[slot].quantity
    return least, most


@compiled
def _currency_exposure(world, a, currency, i, more):  # type: ignore[no-untyped-def]
    """Return how far an account may come to be long or short of a currency.

    more are the units by which an order moves the least and the most in its instrument i.
    """
    low = high = 0
    for j in range(len(world.instruments)):
        limits, bid = world.limits[a, j], world.markets[j].bid
        if currency not in (limits.base, limits.quote):
            continue
        least, most = _reach(world, a, j)
        if j == i:
            least, most = least + more[0], most + more[1]
        least, most = _worth(world, j, bid, least), _worth(world, j, bid, most)
        if OVERFLOW in (least, most):
            return OVERFLOW
        if limits.base == currency:
            low, high = low + least, high + most
        else:
            low, high = low - most, high - least
    return max(abs(low), abs(high))


@compiled
def _cluster_exposure(world, a, cluster, i, more):  # type: ignore[no-untyped-def]
    """Return what all that an account may hold of a cluster, long or short, is worth."""
    total = 0
    for j in range(len(world.instruments)):
        if not world.limits[a, j].clusters & cluster:
            continue
        least, most = _reach(world, a, j)
        if j == i:
            least, most = least + more[0], most + more[1]
        worth = _worth(world, j, world.markets[j].bid, max(abs(least), abs(most)))
        if worth == OVERFLOW:
            return OVERFLOW
        total += worth
    return total


@compiled
def _worst(before, after, worst):  # type: ignore[no-untyped-def]
    """Return the worse of two exposures; one that an order does not enlarge is none of its risk."""
    if OVERFLOW in (before, after, worst):
        return OVERFLOW
    return max(worst, after) if after > before else worst


@compiled
def _concentration(world, a, i, order):  # type: ignore[no-untyped-def]
    """Measure what an order enlarges of its two currencies and of its clusters."""
    limits, account = world.limits[a, i], world.accounts[a]
    quantity = order.quantity
    more = (quantity, quantity)
    if order.type != MARKET:
        more = (min(quantity, 0), max(quantity, 0))
    if limits.currency_exposure_max:
        worst = 0 if limits.base and limits.quote else OVERFLOW
        for currency in (limits.base, limits.quote):
            before = _currency_exposure(world, a, currency, -1, more)
            after = _currency_exposure(world, a, currency, i, more)
            worst = _worst(before, after, worst)
        account.currency_exposure = worst
    if limits.cluster_exposure_max:
        worst, left = 0, limits.clusters
        while left:
            cluster = left & -left
            left -= cluster
            before = _cluster_exposure(world, a, cluster, -1, more)
            after = _cluster_exposure(world, a, cluster, i, more)
            worst = _worst(before, after, worst)
        account.cluster_exposure = worst


@compiled
def _correlation(world, a, i, quantity):  # type: ignore[no-untyped-def]
    """Return the correlation of an order with all else that is held, weighted by its worth.

    It is ten-thousandths: 10,000 is the same bet once more, -10,000 a hedge, 0 where nothing else
    is held; OVERFLOW where a correlation or a price is not known.
    """
    total = shared = 0
    for j in range(len(world.instruments)):
        held = world.positions[a, j].quantity + world.positions[a, j].waiting
        if j == i or held == 0:
            continue
        alike, worth = world.correlations[i, j], _worth(world, j, world.markets[j].bid, abs(held))
        if OVERFLOW in (alike, worth):
            return OVERFLOW
        total += worth
        side = 1 if (held > 0) == (quantity > 0) else -1
        shared += side * muldiv_wide(worth, alike, WHOLE)
    return muldiv_wide(shared, WHOLE, total) if total else 0


@compiled
def _loss_at(world, i, units, points, stop):  # type: ignore[no-untyped-def]
    """Return what units lose from a price to their stop; OVERFLOW without a stop."""
    if units == 0:
        return 0
    if stop <= 0 or points <= 0:
        return OVERFLOW
    away = max(points - stop, 0) if units > 0 else max(stop - points, 0)
    return _worth(world, i, away, abs(units)) if away else 0


@compiled
def _loss_of_orders(world, a, j, left):  # type: ignore[no-untyped-def]
    """Return what the waiting orders of an instrument lose if they fill and meet their stops."""
    total, orders, market = 0, world.orders[a, j], world.markets[j]
    for slot in range(len(orders)):
        if left == 0:
            break
        kept = orders[slot]
        if kept.state in (FREE, WORKING):
            continue
        left -= 1
        if kept.reduces:
            continue
        price = kept.price
        if kept.state == PENDING or price == 0:
            price = market.ask if kept.quantity > 0 else market.bid
        loss = _loss_at(world, j, kept.quantity, price, kept.stop)
        if loss == OVERFLOW:
            return OVERFLOW
        total += loss
    return total


@compiled
def _loss_of_held(world, a, j):  # type: ignore[no-untyped-def]
    """Return what a position loses from here if it meets its stop, or each ticket its own."""
    position, seen = world.positions[a, j], world.markets[j]
    if position.tickets == 0:
        bid = seen.bid if position.quantity > 0 else seen.ask
        return _loss_at(world, j, position.quantity, bid, position.stop)
    total, tickets = 0, world.tickets[a, j]
    for slot in range(position.tickets):
        quantity, stop = tickets[slot].quantity, tickets[slot].stop
        loss = _loss_at(world, j, quantity, seen.bid if quantity > 0 else seen.ask, stop)
        if loss == OVERFLOW:
            return OVERFLOW
        total += loss
    return total


@compiled
def _stop_risk(world, a, i, order):  # type: ignore[no-untyped-def]
    """Return what an account loses from here if every position and order meets its stop."""
    market = world.markets[i]
    price = order.price
    if order.type == MARKET or price == 0:
        price = market.ask if order.quantity > 0 else market.bid
    total = _loss_at(world, i, order.quantity, price, order.stop)
    for j in range(len(world.instruments)):
        position = world.positions[a, j]
        held = _loss_of_held(world, a, j)
        left = position.waiting_orders + position.resting_orders
        waiting = _loss_of_orders(world, a, j, left)
        if OVERFLOW in (total, held, waiting):
            return OVERFLOW
        total += held + waiting
    return total


@compiled
def _windows(world, a, i, ts):  # type: ignore[no-untyped-def]
    """Say where the moment of an order lies of the windows in which no risk is taken."""
    limits, account = world.limits[a, i], world.accounts[a]
    account.near_rollover = account.near_weekend = account.near_news = 0
    if limits.rollover_before or limits.rollover_after:
        span = limits.rollover_before, limits.rollover_after
        account.near_rollover = near_entry(world, i, ROLLOVER, ts, span)
    if limits.weekend_before or limits.weekend_after:
        span = limits.weekend_before, limits.weekend_after
        account.near_weekend = near_weekend(world, i, ts, span)
    if limits.news_before or limits.news_after:
        account.near_news = UNKNOWN
        if ts + limits.news_before <= limits.news_known_to:
            span = limits.news_before, limits.news_after
            account.near_news = near_entry(world, i, NEWS, ts, span)


@compiled
def _divide_order(world, a, i, order):  # type: ignore[no-untyped-def]
    """Return (units that an order closes of the other side, units that it opens)."""
    account, position = world.accounts[a], world.positions[a, i]
    units, other = abs(order.quantity), 0
    if account.hedges == 0:
        held = position.quantity
        other = abs(held) if (held > 0) != (order.quantity > 0) else 0
    elif order.ticket == OLDEST_FIRST:
        shorts = position.hedged + max(-position.quantity, 0)
        other = shorts if order.quantity > 0 else shorts + position.quantity
    closed = min(units, other)
    return closed, units - closed


@compiled
def _margin_added(world, a, i, order, price):  # type: ignore[no-untyped-def]
    """Return the margin that an order of a hedging account adds, or (negative) sets free."""
    position, instrument = world.positions[a, i], world.instruments[i]
    closed, opened = _divide_order(world, a, i, order)
    longs, paid = position.hedged + max(position.quantity, 0), position.long_cost
    shorts, got = longs - position.quantity, paid - position.cost
    if order.quantity > 0:
        got -= closed * divide_half_even(got, shorts) if closed else 0
        longs, paid, shorts = longs + opened, paid + opened * price, shorts - closed
    else:
        paid -= closed * divide_half_even(paid, longs) if closed else 0
        shorts, got, longs = shorts + opened, got + opened * price, longs - closed
    after = margin_of_sides((longs, paid), (shorts, got), instrument, world.markets[i].leg_bid)
    return OVERFLOW if after == OVERFLOW else after - position.margin


@compiled
def _waiting_to_open(world, a, j):  # type: ignore[no-untyped-def]
    """Return (units, orders) that wait in an instrument and may open something."""
    units = count = 0
    orders, position = world.orders[a, j], world.positions[a, j]
    left = position.waiting_orders + position.resting_orders
    for slot in range(len(orders)):
        if left == 0:
            break
        if orders[slot].state in (FREE, WORKING):
            continue
        left -= 1
        if orders[slot].reduces == 0:
            units, count = units + abs(orders[slot].quantity), count + 1
    return units, count


@compiled
def _gross(world, a, i, order):  # type: ignore[no-untyped-def]
    """Measure what an order leads to where nothing is set off: units here, positions in all."""
    account, position = world.accounts[a], world.positions[a, i]
    closed, opened = _divide_order(world, a, i, order)
    waiting = _waiting_to_open(world, a, i)[0]
    held = abs(position.quantity) + 2 * position.hedged + abs(position.foreign)
    account.gross_units = held - closed + opened + waiting
    account.open_positions = 0
    for j in range(len(world.instruments)):
        one, count = world.positions[a, j], _waiting_to_open(world, a, j)[1]
        count += 1 if j == i and opened else 0
        if account.hedges:
            count += one.tickets
        else:
            count = 1 if count or one.quantity else 0
        account.open_positions += count + (1 if one.foreign else 0)


@compiled
def measure_order(world, a, i, order, grows):  # type: ignore[no-untyped-def]
    """Work out what the rules with a limit hold an order against; grows are its units of new risk.

    One call for all: LLVM would inline each into the step that every bar takes.
    """
    account, limits = world.accounts[a], world.limits[a, i]
    instrument, market = world.instruments[i], world.markets[i]
    price = market.ask if order.quantity > 0 else market.bid
    if limits.exposure_max:
        order.notional = value_in_account(grows * price, instrument, market.leg_bid, 1)
        account.exposure = gross_exposure(world, a)
    if limits.margin_use_max_bp or limits.margin_level_min_bp:
        order.margin = margin_for(grows * price, instrument, market.leg_bid)
        if account.hedges and instrument.hedged_den:
            order.margin = _margin_added(world, a, i, order, price)
    if limits.order_value_max:
        account.order_value = _worth(world, i, price, abs(order.quantity))
    _windows(world, a, i, order.ts)
    account.currency_exposure = account.cluster_exposure = 0
    account.correlation = account.stop_risk = 0
    account.gross_units = account.open_positions = 0
    if order.reduces:
        return
    if limits.gross_max or limits.positions_max:
        _gross(world, a, i, order)
    if limits.currency_exposure_max or limits.cluster_exposure_max:
        _concentration(world, a, i, order)
    if limits.correlation_max:
        account.correlation = _correlation(world, a, i, order.quantity)
    if limits.daily_risk_max:
        account.stop_risk = _stop_risk(world, a, i, order)


@compiled
def note_passed(account, position, order, limits):  # type: ignore[no-untyped-def]
    """Count an order that passed in the account's pace, and remember it to know its double."""
    position.last_ts, position.last_type = order.ts, order.type
    position.last_quantity, position.last_price = order.quantity, order.price
    gone = max(order.ts - account.pace_ts, 0)
    account.pace_ts = max(account.pace_ts, order.ts)
    account.second_debt = max(account.second_debt - gone, 0)
    account.minute_debt = max(account.minute_debt - gone, 0)
    if limits.second_orders_max:
        account.second_debt += 1_000_000_000 // limits.second_orders_max
    if limits.minute_orders_max:
        account.minute_debt += 60_000_000_000 // limits.minute_orders_max

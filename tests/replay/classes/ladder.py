"""The worked class of docs/examples as a compiled function, which sweeps."""

from __future__ import annotations

from assay.kernel.compiling import compiled
from assay.kernel.records import GO_TO, PLACE_CLOSE_BY, PLACE_MARKET, PROTECT
from assay.kernel.rounding import divide_half_even

PARAMETERS = {"bars": 24, "units": 10_000, "step": 200}
SEEN, CLOSES = 0, 1
PATIENCE = 432_000_000_000_000


def memory_words(params: dict[str, int]) -> int:
    return 1 + params["bars"]


@compiled
def _profit(ticket, event):  # type: ignore[no-untyped-def]
    price = event.close if ticket.quantity > 0 else event.close + event.spread_close
    return (ticket.quantity * price - ticket.cost) // abs(ticket.quantity)


@compiled
def _tend(event, params, intent, tickets):  # type: ignore[no-untyped-def]
    units, step = params[1], params[2]
    for k in range(len(tickets)):
        ticket = tickets[k]
        intent.ticket = ticket.number + 1
        profit, price = _profit(ticket, event), 0
        if ticket.quantity > 0:
            price = divide_half_even(ticket.cost, ticket.quantity)
        if ticket.quantity > 0 and profit > 2 * step and ticket.quantity == units:
            intent.action, intent.quantity = GO_TO, units - units // 2
            return True
        if ticket.quantity > 0 and profit > step and ticket.stop < price:
            intent.action, intent.stop = PROTECT, price
            return True
        if event.ts - ticket.opened_ns > PATIENCE:
            intent.action, intent.quantity = GO_TO, 0
            return True
    intent.ticket = 0
    return False


@compiled
def decide(memory, event, position, params, intent, tickets):  # type: ignore[no-untyped-def]
    """Decide as docs/examples/ladder.py does."""
    bars, units, step = params[0], params[1], params[2]
    total, highest = 0, 0
    for k in range(bars):
        total += memory[CLOSES + k]
        highest = max(highest, memory[CLOSES + k])
    memory[CLOSES + memory[SEEN] % bars] = event.close
    memory[SEEN] += 1
    if memory[SEEN] <= bars or _tend(event, params, intent, tickets):
        return
    longs, first, last, hedge = 0, -1, -1, -1
    for k in range(len(tickets)):
        if tickets[k].quantity > 0:
            longs, last = longs + 1, k
            first = k if first < 0 else first
        elif hedge < 0:
            hedge = k
    is_below = event.close * bars < total
    if longs and hedge >= 0 and not is_below:
        intent.action, intent.ticket = PLACE_CLOSE_BY, tickets[hedge].number + 1
        intent.order = tickets[first].number + 1
    elif longs and hedge < 0 and is_below and _profit(tickets[last], event) < -step:
        intent.action, intent.quantity = PLACE_MARKET, -units
    elif event.close > highest and longs < 4:
        intent.action, intent.quantity = PLACE_MARKET, units
        intent.stop = event.close - 3 * step

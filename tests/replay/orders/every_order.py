"""A strategy that asks at random for every kind of order near the price, by a small generator."""

from __future__ import annotations

from assay.kernel.compiling import compiled
from assay.kernel.records import (
    CANCEL,
    CANCEL_ONE,
    DAY,
    FOK,
    GO_TO,
    GTD,
    IOC,
    MODIFY,
    OLDEST,
    PLACE_CLOSE_BY,
    PLACE_ICEBERG,
    PLACE_LIMIT,
    PLACE_MARKET,
    PLACE_STOP,
    PLACE_STOP_LIMIT,
    PLACE_TRAILING,
    PLACE_TWAP,
    PLACE_VWAP,
    PROTECT,
    REMOVE,
)

NAME = "every-order"
PARAMETERS = {"seed": 1, "units": 1_000, "reach": 60, "tickets": 0}
REFERENCE_COSTS = False
HOUR = 3_600_000_000_000


def memory_words(params: dict[str, int]) -> int:
    """Return the words of memory: the state of the generator."""
    return 1


@compiled
def draw(memory, most):  # type: ignore[no-untyped-def]
    """Return a number in [0, most), after Park and Miller 1988."""
    memory[0] = memory[0] * 48_271 % 2_147_483_647
    return memory[0] // 1_009 % most


@compiled
def ask_terms(memory, event, intent):  # type: ignore[no-untyped-def]
    """Fill in how long an order lives and what it gives to its position."""
    action = intent.action
    force = draw(memory, 8)
    if action in (GO_TO, PLACE_LIMIT) and force < 3:
        intent.time_in_force = IOC if force else FOK
        return
    if force == 3:
        intent.time_in_force = DAY
    if force == 4:
        intent.time_in_force, intent.expires = GTD, event.ts + HOUR * (1 + draw(memory, 30))
    if action not in (GO_TO, PLACE_TWAP, PLACE_VWAP, PLACE_ICEBERG) and draw(memory, 2):
        intent.group = 1 + draw(memory, 2)


@compiled
def ask_protection(memory, event, side, reach, intent):  # type: ignore[no-untyped-def]
    """Fill in what protects the position that the order opens."""
    if draw(memory, 2):
        intent.stop = event.close - side * (1 + draw(memory, 2 * reach))
    if draw(memory, 2):
        intent.target = event.close + side * (1 + draw(memory, 2 * reach))
    if draw(memory, 2):
        intent.trail = draw(memory, reach)
    if draw(memory, 3) == 0:
        intent.break_after = 2 + draw(memory, reach)
        intent.break_keep = draw(memory, intent.break_after)
    if draw(memory, 3) == 0:
        intent.hold = HOUR * draw(memory, 9)


@compiled
def ask_change(memory, event, position, params, intent):  # type: ignore[no-untyped-def]
    """Cancel or change the last order, or what protects the position."""
    intent.order = position.last_order
    drawn, reach = draw(memory, 5), params[2]
    if drawn == 0:
        intent.action = CANCEL_ONE
        return
    intent.action = MODIFY if drawn < 3 else PROTECT
    intent.stop = (0, REMOVE, event.close - draw(memory, 2 * reach) + reach)[draw(memory, 3)]
    intent.target = (0, REMOVE, event.close - draw(memory, 2 * reach) + reach)[draw(memory, 3)]
    if intent.action == MODIFY and draw(memory, 2):
        intent.price = event.close - draw(memory, reach) + reach // 2
    if intent.action == PROTECT and draw(memory, 2):
        intent.trail = draw(memory, reach)


@compiled
def ask_ticket(memory, position, intent):  # type: ignore[no-untyped-def]
    """Name a ticket of a hedging account, close two by each other, or open one at the market."""
    drawn, ticket = draw(memory, 6), position.first_ticket
    if draw(memory, 2):
        ticket = position.last_ticket
    if intent.action == PROTECT:
        intent.ticket = ticket
    if intent.action < GO_TO or intent.action in (CANCEL, CANCEL_ONE, MODIFY, PROTECT):
        return
    if drawn < 2:
        intent.ticket = ticket
    if drawn == 0 and intent.action == GO_TO:
        intent.quantity = 0
    if drawn == 2:
        intent.ticket = OLDEST
    if drawn == 3 and intent.action == GO_TO:
        intent.action = PLACE_MARKET
    if drawn == 4 and draw(memory, 2):
        intent.action, intent.ticket = PLACE_CLOSE_BY, position.first_ticket
        intent.order = position.last_ticket
        intent.price = intent.limit = intent.distance = 0
        intent.slices = intent.every = intent.shown = intent.group = 0
        intent.time_in_force = intent.expires = 0


@compiled
def decide(memory, event, position, params, intent):  # type: ignore[no-untyped-def]
    """Draw an order, its price within reach of the close, and its terms."""
    if memory[0] == 0:
        memory[0] = params[0]
    reach, drawn = params[2], draw(memory, 20)
    if drawn >= 11:
        if drawn < 15:
            ask_change(memory, event, position, params, intent)
        if params[3]:
            ask_ticket(memory, position, intent)
        return
    intent.action = (
        GO_TO, GO_TO, PLACE_LIMIT, PLACE_STOP, PLACE_STOP_LIMIT, PLACE_STOP_LIMIT, PLACE_TRAILING,
        CANCEL, PLACE_TWAP, PLACE_VWAP, PLACE_ICEBERG,
    )[drawn]  # fmt: skip
    side = 1 if draw(memory, 2) else -1
    intent.quantity = side * params[1] * (1 + draw(memory, 3))
    if intent.action != GO_TO:
        intent.price = event.close + draw(memory, 2 * reach) - reach
    if intent.action == PLACE_STOP_LIMIT:
        intent.limit = intent.price + draw(memory, reach) - reach // 2
    if intent.action == PLACE_TRAILING:
        intent.distance = 1 + draw(memory, reach)
        if draw(memory, 2):
            intent.price = 0
    if intent.action in (PLACE_TWAP, PLACE_VWAP):
        intent.slices, intent.every = 1 + draw(memory, 4), event.seconds * 1_500_000_000
    if intent.action == PLACE_ICEBERG:
        intent.shown = params[1] // 2
    ask_protection(memory, event, side, reach, intent)
    ask_terms(memory, event, intent)
    if params[3]:
        ask_ticket(memory, position, intent)

"""Go through every order that waits for its price, and every way to end it, in turn."""

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
    OLDEST,
    PLACE_CLOSE_BY,
    PLACE_LIMIT,
    PLACE_MARKET,
    PLACE_STOP,
    PLACE_STOP_LIMIT,
    PLACE_TRAILING,
)

NAME = "waiting-orders"
PARAMETERS = {"every": 1, "units": 1_000}
REFERENCE_COSTS = False
TURNS = 16
SECOND = 1_000_000_000
SMOOTHING = 16
"""Bars over which the mean range is taken."""


def memory_words(params: dict[str, int]) -> int:
    """Return the words of memory: bars, mean range (times SMOOTHING), groups."""
    return 3


@compiled
def ask_bracket(event, side, reach, turn, intent):  # type: ignore[no-untyped-def]
    """Protect the position by a stop, and by what else the turn brings."""
    price = intent.price if intent.price else event.close
    intent.stop = price - 2 * side * reach
    if turn % 2:
        intent.target = price + 3 * side * reach
    if turn % 3 == 0:
        intent.trail = 2 * reach
    if turn % 3 == 1:
        intent.break_after, intent.break_keep = reach, reach // 4
    if turn % 4 == 3:
        intent.hold = 12 * event.seconds * SECOND


@compiled
def ask_waiting(group, event, side, reach, turn, intent):  # type: ignore[no-untyped-def]
    """Ask for an order that waits: two that cancel each other, with a time to end, or others."""
    intent.price = event.close + side * reach
    if turn < 2:
        intent.action, intent.group = PLACE_STOP, group
        intent.time_in_force = GTD
    elif turn in (3, 10):
        intent.action, intent.limit = PLACE_STOP_LIMIT, intent.price + side * reach // 4
        intent.time_in_force = DAY if turn == 3 else 0
    elif turn in (5, 11, 12):
        intent.action, intent.price = PLACE_LIMIT, event.close - side * reach // 2
        if turn == 11:
            intent.group = group
    elif turn == 9:
        intent.action, intent.distance, intent.price = PLACE_TRAILING, reach, 0


@compiled
def ask_at_once(event, side, reach, turn, units, intent):  # type: ignore[no-untyped-def]
    """Ask for an order that fills at the next price or not at all."""
    intent.time_in_force = FOK if turn in (6, 13) else IOC
    intent.action = GO_TO
    if turn in (6, 14):
        intent.action, intent.price = PLACE_LIMIT, event.close + side * reach // 8
    elif turn == 13:
        intent.quantity = 0 if side > 0 else units


@compiled
def ask_for_tickets(position, side, turn, units, intent):  # type: ignore[no-untyped-def]
    """Close tickets of an account that hedges, by each other or on the market."""
    if position.tickets < 2:
        return
    if turn == 2:
        intent.action, intent.ticket = PLACE_CLOSE_BY, position.first_ticket
        intent.order = position.last_ticket
    else:
        intent.action, intent.ticket, intent.quantity = PLACE_MARKET, OLDEST, 3 * side * units


@compiled
def decide(memory, event, position, params, intent):  # type: ignore[no-untyped-def]
    """Take the next turn, on the side of the bar's move, at distances of its mean range."""
    memory[0] += 1
    memory[1] += event.high - event.low - memory[1] // SMOOTHING
    if memory[0] < SMOOTHING or memory[0] % params[0]:
        return
    turn = memory[0] // params[0] % TURNS
    reach = 8 + 2 * memory[1] // SMOOTHING
    side = 1 if event.close >= event.open else -1
    if turn in (2, 15):
        ask_for_tickets(position, side, turn, params[1], intent)
        return
    if turn == 8:
        intent.action = CANCEL
        return
    if turn == 4:
        intent.action, intent.order = CANCEL_ONE, position.last_order
        return
    if turn == 0:
        memory[2] += 1
    if turn < 2:
        side = 1 - 2 * turn
    intent.quantity = side * params[1]
    if turn in (6, 7, 13, 14):
        ask_at_once(event, side, reach, turn, params[1], intent)
    else:
        ask_waiting(memory[2], event, side, reach, turn, intent)
    ask_bracket(event, side, reach, turn, intent)
    if intent.time_in_force == GTD:
        intent.expires = event.ts + 5 * params[0] * event.seconds * SECOND

"""Send orders in parts into a market that offers little, and change what waits and what is held."""

from __future__ import annotations

from assay.kernel.compiling import compiled
from assay.kernel.records import (
    CANCEL_ONE,
    GO_TO,
    GTD,
    MODIFY,
    PLACE_ICEBERG,
    PLACE_LIMIT,
    PLACE_MARKET,
    PLACE_STOP,
    PLACE_TWAP,
    PLACE_VWAP,
    PROTECT,
    REMOVE,
)

NAME = "worked-orders"
PARAMETERS = {"every": 1, "units": 1_000}
REFERENCE_COSTS = False
TURNS = 24
SECOND = 1_000_000_000
SMOOTHING = 16
"""Bars over which the mean range is taken."""


def memory_words(params: dict[str, int]) -> int:
    """Return the words of memory: bars, and the mean range (times SMOOTHING)."""
    return 2


@compiled
def ask_in_parts(event, side, reach, turn, units, intent):  # type: ignore[no-untyped-def]
    """Ask for an order that goes in parts."""
    intent.quantity = side * 5 * units
    if turn == 12:
        intent.action, intent.shown = PLACE_ICEBERG, units
        intent.price = event.close - side * reach // 4
        intent.time_in_force = GTD
        intent.expires = event.ts + 10 * event.seconds * SECOND
        return
    intent.action = PLACE_TWAP if turn == 0 else PLACE_VWAP
    intent.slices, intent.every = 4, event.seconds * SECOND


@compiled
def ask_change(event, position, reach, turn, intent):  # type: ignore[no-untyped-def]
    """Change the order that was placed last, or what protects the position."""
    side = 1 if position.quantity >= 0 else -1
    if turn == 20:
        intent.action, intent.order = CANCEL_ONE, position.last_order
    elif turn in (17, 18):
        intent.action, intent.order = MODIFY, position.last_order
        intent.price = event.close - reach // 2 if turn == 17 else 0
        intent.target = REMOVE if turn == 18 else 0
    else:
        intent.action, intent.ticket = PROTECT, position.last_ticket
        intent.stop = event.close - side * reach
        intent.target = event.close + 2 * side * reach if turn == 10 else 0
        intent.trail = reach if turn == 22 else 0


@compiled
def decide(memory, event, position, params, intent):  # type: ignore[no-untyped-def]
    """Take the next turn, against the bar's move, at distances of its mean range."""
    memory[0] += 1
    memory[1] += event.high - event.low - memory[1] // SMOOTHING
    if memory[0] < SMOOTHING or memory[0] % params[0]:
        return
    turn = memory[0] // params[0] % TURNS
    reach = 8 + 2 * memory[1] // SMOOTHING
    side = 1 if event.close < event.open else -1
    if turn in (0, 6, 12):
        ask_in_parts(event, side, reach, turn, params[1], intent)
    elif turn in (4, 10, 17, 18, 20, 22):
        ask_change(event, position, reach, turn, intent)
    elif turn in (5, 16):
        intent.action = PLACE_STOP if turn == 5 else PLACE_LIMIT
        intent.quantity = 3 * side * params[1] if turn == 5 else 3 * params[1]
        intent.price = event.close + side * reach if turn == 5 else event.close - reach
        intent.stop = intent.price - (side if turn == 5 else 1) * 2 * reach
        intent.target = intent.price + (side if turn == 5 else 1) * reach
    elif turn == 8:
        intent.action, intent.quantity = PLACE_MARKET, side * params[1]
    elif turn in (11, 23):
        intent.action, intent.quantity, intent.ticket = GO_TO, 0, position.first_ticket

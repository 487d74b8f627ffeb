"""A strategy that follows its parameters, nineteen a bar: action, quantity, price and the terms."""

from __future__ import annotations

from assay.kernel.compiling import compiled

NAME = "scripted"
PARAMETERS: dict[str, int] = {}
REFERENCE_COSTS = False
WORDS = 19


def memory_words(params: dict[str, int]) -> int:
    """Return the words of memory: the number of the bar."""
    return 1


@compiled
def decide(memory, event, position, params, intent):  # type: ignore[no-untyped-def]
    """Ask for what the script has for this bar."""
    at = WORDS * memory[0]
    memory[0] += 1
    if at + WORDS > len(params):
        return
    intent.action, intent.quantity = params[at], params[at + 1]
    intent.price, intent.stop, intent.target = params[at + 2], params[at + 3], params[at + 4]
    intent.limit, intent.time_in_force = params[at + 5], params[at + 6]
    intent.expires, intent.group, intent.distance = params[at + 7], params[at + 8], params[at + 9]
    intent.trail, intent.break_after = params[at + 10], params[at + 11]
    intent.break_keep, intent.hold = params[at + 12], params[at + 13]
    intent.slices, intent.every, intent.shown = params[at + 14], params[at + 15], params[at + 16]
    intent.order, intent.ticket = params[at + 17], params[at + 18]

"""A strategy that follows its parameters, five a bar: (action, quantity, price, stop, target)."""

from __future__ import annotations

from assay.kernel.compiling import compiled

NAME = "scripted"
PARAMETERS: dict[str, int] = {}
REFERENCE_COSTS = False


def memory_words(params: dict[str, int]) -> int:
    """Return the words of memory: the number of the bar."""
    return 1


@compiled
def decide(memory, event, position, params, intent):  # type: ignore[no-untyped-def]
    """Ask for what the script has for this bar."""
    at = 5 * memory[0]
    memory[0] += 1
    if at + 5 > len(params):
        return
    intent.action, intent.quantity = params[at], params[at + 1]
    intent.price, intent.stop, intent.target = params[at + 2], params[at + 3], params[at + 4]

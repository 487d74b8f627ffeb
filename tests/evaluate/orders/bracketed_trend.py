"""Go with the fast mean of closes where it crosses the slow one, by market orders with brackets."""

from __future__ import annotations

from assay.kernel.compiling import compiled
from assay.kernel.records import GO_TO

NAME = "bracketed-trend"
PARAMETERS = {"fast": 8, "slow": 32, "units": 1_000}
REFERENCE_COSTS = False
SCALE = 1_024
"""Parts of a point that the means are kept in."""


def memory_words(params: dict[str, int]) -> int:
    """Return the words of memory: bars, the two means and the mean range, the side last taken."""
    return 5


@compiled
def decide(memory, event, position, params, intent):  # type: ignore[no-untyped-def]
    """Turn at a cross; the stop lies two mean ranges away, the target six."""
    close = event.close * SCALE
    if memory[0] == 0:
        memory[1] = memory[2] = close
    memory[0] += 1
    memory[1] += (close - memory[1]) // params[0]
    memory[2] += (close - memory[2]) // params[1]
    memory[3] += ((event.high - event.low) * SCALE - memory[3]) // params[1]
    side = 1 if memory[1] > memory[2] else -1
    if memory[0] < params[1] or side == memory[4]:
        return
    memory[4] = side
    reach = 4 + memory[3] // SCALE
    intent.action, intent.quantity = GO_TO, side * params[2]
    intent.stop = event.close - 2 * side * reach
    intent.target = event.close + 6 * side * reach

"""Go long when the fast average crosses above the slow one, short when it crosses below."""

from __future__ import annotations

from assay.kernel.compiling import compiled
from assay.kernel.records import GO_TO

NAME = "sma-cross"
PARAMETERS = {"fast": 20, "slow": 50, "units": 10_000}
REFERENCE_COSTS = True
"""Its defaults are the reference's: 1 pip around the file's prices, 0.5 bp, no swap, no limits."""


def memory_words(params: dict[str, int]) -> int:
    """Return the words of memory: count, two sums, the last comparison, the closes."""
    return 4 + params["slow"]


@compiled
def decide(memory, event, position, params, intent):  # type: ignore[no-untyped-def]
    """Compare the averages exactly: fast_sum x slow against slow_sum x fast, on integer points."""
    fast, slow, units = params[0], params[1], params[2]
    seen, fast_sum, slow_sum = memory[0], memory[1] + event.close, memory[2] + event.close
    slot = seen if seen < slow else seen - slow
    if seen >= fast:
        fast_sum -= memory[4 + (slot - fast if slot >= fast else slot - fast + slow)]
    if seen >= slow:
        slow_sum -= memory[4 + slot]
    memory[0] = seen + 1 if slot + 1 < slow else slow
    memory[1], memory[2], memory[4 + slot] = fast_sum, slow_sum, event.close
    if seen + 1 < slow:
        return
    above = fast_sum * slow - slow_sum * fast
    before = memory[3]
    memory[3] = above
    if seen + 1 == slow:
        return
    held = position.quantity + position.waiting
    if before <= 0 and above > 0 and held <= 0:
        intent.action, intent.quantity = GO_TO, units
    elif before >= 0 and above < 0 and held >= 0:
        intent.action, intent.quantity = GO_TO, -units

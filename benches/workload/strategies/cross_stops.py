"""Enter on the cross of two averages and leave at a stop or a target: the common case of a search.

On the walk a position opens every 90 bars and is held for 30.
"""

from __future__ import annotations

from assay.kernel.compiling import compiled
from assay.kernel.records import HOLD
from assay.trading.strategies import sma_cross

NAME = "cross-stops"
PARAMETERS = {"fast": 20, "slow": 50, "units": 1_000, "stop_points": 50, "target_points": 100}
REFERENCE_COSTS = False
memory_words = sma_cross.memory_words
cross = sma_cross.decide


@compiled
def decide(memory, event, position, params, intent):  # type: ignore[no-untyped-def]
    """Ask for the cross's side with its stop and target; hold what is open."""
    cross(memory, event, position, params, intent)
    if position.quantity != 0:
        intent.action = HOLD
    elif intent.quantity > 0:
        intent.stop, intent.target = event.close - params[3], event.close + params[4]
    else:
        intent.stop, intent.target = event.close + params[3], event.close - params[4]

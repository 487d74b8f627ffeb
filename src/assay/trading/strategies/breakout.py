"""Place a stop order at the channel's edge, with a stop and a target at multiples of its range."""

from __future__ import annotations

from assay.kernel.compiling import compiled
from assay.kernel.records import CANCEL, PLACE_STOP

NAME = "breakout"
PARAMETERS = {"bars": 24, "stop_percent": 50, "target_percent": 100, "units": 10_000}
REFERENCE_COSTS = False


def memory_words(params: dict[str, int]) -> int:
    """Return the words of memory: count, resting age, the highs and the lows."""
    return 2 + 2 * params["bars"]


@compiled
def decide(memory, event, position, params, intent):  # type: ignore[no-untyped-def]
    """Alternate by bar: cancel what rests, then place a stop at the nearer edge of the channel."""
    bars, units = params[0], params[3]
    seen = memory[0]
    slot = 2 + seen % bars
    memory[slot], memory[slot + bars] = event.high, event.low
    memory[0] = seen + 1
    if seen + 1 < bars or position.quantity != 0:
        return
    if memory[1]:
        memory[1] = 0
        intent.action = CANCEL
        return
    memory[1] = 1
    high, low = memory[2], memory[2 + bars]
    for k in range(3, 2 + bars):
        high = max(high, memory[k])
        low = min(low, memory[k + bars])
    reach = max(high - low, 1)
    intent.action = PLACE_STOP
    stop, target = reach * params[1] // 100, reach * params[2] // 100
    if high - event.close <= event.close - low:
        intent.quantity, intent.price = units, high + event.spread_close + 1
        intent.stop, intent.target = intent.price - stop, intent.price + target
    else:
        intent.quantity, intent.price = -units, low - 1
        intent.stop, intent.target = intent.price + stop, intent.price - target

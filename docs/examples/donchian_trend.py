"""Follow a break of the Donchian channel until a trailing stop of average ranges is crossed."""

from assay.kernel.compiling import compiled
from assay.kernel.records import GO_TO

NAME = "donchian-trend"
PARAMETERS = {"bars": 48, "ranges": 4, "units": 10_000}


def memory_words(params):
    """Return the words of memory: count, last close, trail, then highs, lows and true ranges."""
    return 3 + 3 * params["bars"]


@compiled
def decide(memory, event, position, params, intent):
    """Enter beyond the highs or lows of the bars before; leave `ranges` ranges from the best."""
    bars, ranges, units = params[0], params[1], params[2]
    seen, before = memory[0], memory[1]
    high, low, total = -(2**62), 2**62, 0
    for k in range(3, 3 + bars):
        high, low = max(high, memory[k]), min(low, memory[k + bars])
        total += memory[k + 2 * bars]
    slot = 3 + seen % bars
    memory[slot], memory[slot + bars] = event.high, event.low
    upper = event.high if seen == 0 else max(event.high, before)
    lower = event.low if seen == 0 else min(event.low, before)
    memory[slot + 2 * bars] = upper - lower
    memory[0], memory[1] = seen + 1, event.close
    if seen < bars:
        return
    reach = max(ranges * total // bars, 1)
    held = position.quantity + position.waiting
    if held > 0:
        memory[2] = max(memory[2], event.close - reach)
    elif held < 0:
        memory[2] = min(memory[2], event.close + reach)
    if (held > 0 and event.close < memory[2]) or (held < 0 and event.close > memory[2]):
        intent.action, intent.quantity = GO_TO, 0
        return
    if event.close > high and held <= 0:
        memory[2] = event.close - reach
        intent.action, intent.quantity = GO_TO, units
        intent.stop = memory[2]
    elif event.close < low and held >= 0:
        memory[2] = event.close + reach
        intent.action, intent.quantity = GO_TO, -units
        intent.stop = memory[2] + event.spread_close

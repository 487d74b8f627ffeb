"""Trade the first close outside the range of the night, once a day, flat by the evening (UTC)."""

from assay.kernel.compiling import compiled
from assay.kernel.records import GO_TO

NAME = "session-breakout"
PARAMETERS = {"opens": 7, "closes": 16, "units": 10_000}
HOUR = 3_600_000_000_000


def memory_words(params):
    """Return the words of memory: the day, its high and low, whether it was traded."""
    return 4


@compiled
def decide(memory, event, position, params, intent):
    """Gather the range until hour `opens`, enter on a close beyond it, leave at hour `closes`."""
    opens, closes, units = params[0], params[1], params[2]
    # A bar belongs to the hour in which it began; its time is its end.
    began = event.ts - event.seconds * 1_000_000_000
    day, hour = began // (24 * HOUR), began // HOUR % 24
    if day != memory[0]:
        memory[0], memory[1], memory[2], memory[3] = day, event.high, event.low, 0
    held = position.quantity + position.waiting
    if hour < opens:
        memory[1], memory[2] = max(memory[1], event.high), min(memory[2], event.low)
    elif hour >= closes:
        memory[3] = 1
    if held != 0 and (hour >= closes or hour < opens):
        intent.action, intent.quantity = GO_TO, 0
        return
    if hour < opens or memory[3] or held != 0:
        return
    if event.close > memory[1]:
        memory[3] = 1
        intent.action, intent.quantity, intent.stop = GO_TO, units, memory[2]
    elif event.close < memory[2]:
        memory[3] = 1
        intent.action, intent.quantity = GO_TO, -units
        intent.stop = memory[1] + event.spread_close

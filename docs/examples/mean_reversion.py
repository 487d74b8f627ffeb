"""Fade closes outside a Bollinger band back to its middle, with a stop further out."""

import numpy as np

from assay.kernel.compiling import compiled
from assay.kernel.records import GO_TO

NAME = "mean-reversion"
PARAMETERS = {"bars": 20, "tenths": 20, "stop_tenths": 30, "units": 10_000}


def memory_words(params):
    """Return the words of memory: count, the first close, the closes."""
    return 2 + params["bars"]


@compiled
def decide(memory, event, position, params, intent):
    """Enter beyond `tenths` / 10 deviations of the mean, leave at the mean."""
    bars, tenths, stop_tenths, units = params[0], params[1], params[2], params[3]
    if memory[0] == 0:
        memory[1] = event.close  # sums of differences from it stay small
    memory[2 + memory[0] % bars] = event.close - memory[1]
    memory[0] += 1
    if memory[0] < bars:
        return
    total, squares = 0, 0
    for k in range(2, 2 + bars):
        total += memory[k]
        squares += memory[k] * memory[k]
    # The sum of bars differences from the mean, and bars x deviation: both exact until the root.
    away = bars * (event.close - memory[1]) - total
    spread = np.sqrt(float(bars * squares - total * total))
    held = position.quantity + position.waiting
    if held != 0:
        if (held > 0) == (away >= 0):
            intent.action, intent.quantity = GO_TO, 0
        return
    if 10 * abs(away) <= tenths * spread or spread == 0:
        return
    side = 1 if away < 0 else -1
    reach = max(int(stop_tenths * spread / (10 * bars)), 1)
    intent.action, intent.quantity = GO_TO, side * units
    intent.stop = event.close - reach if side > 0 else event.close + event.spread_close + reach

"""Adaptive moving average of the close, in points (Kaufman, Smarter Trading, 1995)."""

from __future__ import annotations

import math

from assay.kernel.compiling import allocation_free
from assay.signals.streams.columns import CLOSE
from assay.signals.streams.indicator import Indicator, Parameter, Values, bars_to_forget
from assay.signals.streams.smoothing import RING, roll_sum
from assay.signals.streams.windows import WINDOW, keep_value

FAST, SLOW = 2.0 / (2 + 1), 2.0 / (30 + 1)


@allocation_free
def step(state, params, bar, out):  # type: ignore[no-untyped-def]
    """Write the average k += (close - k) w², w = SLOW + (FAST - SLOW) |move| / path.

    The path sums the absolute changes of the last `period` bars, the move is their sum. As in
    TA-Lib the first average is the close before, and a market that stood still counts as direct.
    State: the average, the ring of closes, the sum of changes.
    """
    period = int(params[0])
    closes, changes = state[1 : 1 + WINDOW + period], state[1 + WINDOW + period :]
    bars, close = closes[0], bar[CLOSE]
    newest = WINDOW + int(closes[1]) - 1 if closes[1] > 0 else WINDOW + period - 1
    before = closes[newest]
    oldest = keep_value(closes, period, close)
    path = roll_sum(changes, period, abs(close - before)) if bars > 0 else 0.0
    if bars < period:
        state[0] = close
        return
    move = close - oldest
    directness = abs(move / path) if path > 0 and path > move else 1.0
    weight = SLOW + (FAST - SLOW) * directness
    state[0] += (close - state[0]) * weight * weight
    out[0] = state[0]


def _settling(values: Values) -> int:
    # A walk's move is 0.8 / sqrt(period) of its path; a third of that still counts as usual.
    weight = SLOW + (FAST - SLOW) * 0.8 / 3 / math.sqrt(values["period"])
    return int(values["period"]) + 1 + bars_to_forget(1 - weight**2)


PLUGIN = Indicator(
    name="kama",
    parameters=(Parameter("period", 10, least=2),),
    outputs=("kama",),
    state_size=lambda values: 1 + WINDOW + RING + 2 * int(values["period"]),
    warm_up=lambda values: int(values["period"]) + 1,
    settling=_settling,
    scale=None,
    step=step,
)

"""Fisher transform of the price's place in its range (Ehlers, TASC, November 2002)."""

from __future__ import annotations

import math

from assay.kernel.compiling import allocation_free
from assay.signals.streams.columns import HIGH, LOW
from assay.signals.streams.indicator import Indicator, Parameter, Values, bars_to_forget
from assay.signals.streams.windows import WINDOW, highest_kept, keep_value, lowest_kept


@allocation_free
def step(state, params, bar, out):  # type: ignore[no-untyped-def]
    """Write f = ln((1 + v) / (1 - v)) / 2 + f before / 2, and f of the bar before.

    v = 0.66 (place - 0.5) + 0.67 v before, cut to 0.999 beyond 0.99; the place is that of
    (high + low) / 2 among `period` of them, 0 to 1, the middle where they are all equal.
    State: v, f, the ring.
    """
    period = int(params[0])
    ring = state[2:]
    middle = (bar[HIGH] + bar[LOW]) / 2.0
    keep_value(ring, period, middle)
    if ring[0] < period:
        return
    lowest = lowest_kept(ring, period)
    reach = highest_kept(ring, period) - lowest
    place = (middle - lowest) / reach if reach > 0 else 0.5
    state[0] = 0.66 * (place - 0.5) + 0.67 * state[0]
    if abs(state[0]) > 0.99:
        state[0] = math.copysign(0.999, state[0])
    before = state[1]
    state[1] = 0.5 * math.log((1.0 + state[0]) / (1.0 - state[0])) + 0.5 * before
    if ring[0] > period:
        out[0], out[1] = state[1], before


def _settling(values: Values) -> int:
    return int(values["period"]) + 1 + bars_to_forget(0.67) + bars_to_forget(0.5)


PLUGIN = Indicator(
    name="fisher_transform",
    parameters=(Parameter("period", 10, least=2),),
    outputs=("fisher", "before"),
    state_size=lambda values: 2 + WINDOW + int(values["period"]),
    warm_up=lambda values: int(values["period"]) + 1,
    settling=_settling,
    scale=1.0,
    step=step,
)

"""Ease of movement, in points squared per unit of volume (Arms, Volume Cycles, 1983)."""

from __future__ import annotations

import math

from assay.kernel.compiling import allocation_free
from assay.signals.streams.columns import HIGH, LOW, VOLUME
from assay.signals.streams.indicator import Indicator, Parameter
from assay.signals.streams.smoothing import RING, roll_mean


@allocation_free
def step(state, params, bar, out):  # type: ignore[no-untyped-def]
    """Write the mean of how far the middle of the range moved, times the range, per volume.

    The usual division of volume by a hundred million is left out. A bar of volume 0 counts as no
    move; an absent volume starts afresh. State: bars, the middle before, the rolling mean.
    """
    if math.isnan(bar[VOLUME]):
        state[:] = 0.0
        return
    middle = (bar[HIGH] + bar[LOW]) / 2.0
    moved = (middle - state[1]) * (bar[HIGH] - bar[LOW])
    state[0] += 1
    state[1] = middle
    if state[0] == 1:
        return
    ease = moved / bar[VOLUME] if bar[VOLUME] > 0 else 0.0
    mean = roll_mean(state[2:], int(params[0]), ease)
    if state[0] > params[0]:
        out[0] = mean


PLUGIN = Indicator(
    name="ease_of_movement",
    parameters=(Parameter("period", 14),),
    outputs=("ease",),
    state_size=lambda values: 2 + RING + int(values["period"]),
    warm_up=lambda values: int(values["period"]) + 1,
    settling=lambda values: int(values["period"]) + 1,
    scale=1.0,
    step=step,
)

"""Where the close lies in New York's day and in the trading week that opens Sunday 17:00 there."""

from __future__ import annotations

import math

from assay.kernel.compiling import allocation_free
from assay.signals.streams.columns import WALL
from assay.signals.streams.indicator import Indicator

DAY_SECONDS = 86_400
WEEK_SECONDS = 7 * DAY_SECONDS
SINCE_MONDAY = 3 * DAY_SECONDS
"""1970-01-01 was a Thursday."""

SINCE_OPEN = SINCE_MONDAY + DAY_SECONDS - 17 * 3600


@allocation_free
def step(state, params, bar, out):  # type: ignore[no-untyped-def]
    """Write sine and cosine of the minute of the day, weekday (Monday 0), hours since the open."""
    wall = int(bar[WALL])
    angle = 2.0 * math.pi * (wall % DAY_SECONDS) / DAY_SECONDS
    out[0], out[1] = math.sin(angle), math.cos(angle)
    out[2] = (wall + SINCE_MONDAY) % WEEK_SECONDS // DAY_SECONDS
    out[3] = (wall + SINCE_OPEN) % WEEK_SECONDS / 3600.0


PLUGIN = Indicator(
    name="time_of_day",
    parameters=(),
    outputs=("sine", "cosine", "weekday", "week_hours"),
    state_size=lambda _: 0,
    warm_up=lambda _: 1,
    settling=lambda _: 1,
    scale=1.0,
    step=step,
)

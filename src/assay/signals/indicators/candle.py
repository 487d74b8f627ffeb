"""The shape of one bar, in points."""

from __future__ import annotations

from assay.kernel.compiling import allocation_free
from assay.signals.streams.columns import CLOSE, HIGH, LOW, OPEN
from assay.signals.streams.indicator import Indicator


@allocation_free
def step(state, params, bar, out):  # type: ignore[no-untyped-def]
    """Write range, middle of the range, body, upper and lower shadow, and the gap before it."""
    if state[0] > 0:
        out[0] = bar[HIGH] - bar[LOW]
        out[1] = (bar[HIGH] + bar[LOW]) / 2.0
        out[2] = bar[CLOSE] - bar[OPEN]
        out[3] = bar[HIGH] - max(bar[OPEN], bar[CLOSE])
        out[4] = min(bar[OPEN], bar[CLOSE]) - bar[LOW]
        out[5] = bar[OPEN] - state[1]
    state[0] = 1.0
    state[1] = bar[CLOSE]


PLUGIN = Indicator(
    name="candle",
    parameters=(),
    outputs=("range", "middle", "body", "upper", "lower", "gap"),
    state_size=lambda _: 2,
    warm_up=lambda _: 2,
    settling=lambda _: 2,
    scale=None,
    step=step,
)

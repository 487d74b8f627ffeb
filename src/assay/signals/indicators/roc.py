"""Rate of change over a horizon, in percent, and the move itself, in points."""

from __future__ import annotations

from assay.kernel.compiling import allocation_free
from assay.signals.streams.columns import CLOSE
from assay.signals.streams.indicator import Indicator, Parameter


@allocation_free
def step(state, params, bar, out):  # type: ignore[no-untyped-def]
    """Write how far the close is from that of `period` bars ago; of a price of 0 the rate is 0."""
    period, at = int(params[0]), int(state[1])
    before = state[2 + at]
    state[2 + at] = bar[CLOSE]
    state[0] += 1
    state[1] = at + 1 if at + 1 < period else 0
    if state[0] > period:
        out[0] = (bar[CLOSE] / before - 1.0) * 100.0 if before != 0 else 0.0
        out[1] = bar[CLOSE] - before


PLUGIN = Indicator(
    name="roc",
    parameters=(Parameter("period", 10),),
    outputs=("roc", "move"),
    state_size=lambda values: 2 + int(values["period"]),
    warm_up=lambda values: int(values["period"]) + 1,
    settling=lambda values: int(values["period"]) + 1,
    scale=100.0,
    step=step,
)

"""The way the close moved last, -1 or 1: the tick test on bars (Lee and Ready 1991)."""

from __future__ import annotations

from assay.kernel.compiling import allocation_free
from assay.signals.streams.columns import CLOSE
from assay.signals.streams.indicator import Indicator, Parameter


@allocation_free
def step(state, params, bar, out):  # type: ignore[no-untyped-def]
    """Write the sign of the last change of the close; 0 where the last `period` changes were none.

    State: bars, the close before, the sign, the bars since it.
    """
    change = bar[CLOSE] - state[1]
    state[0] += 1
    state[1] = bar[CLOSE]
    if state[0] == 1:
        return
    state[3] += 1
    if change != 0:
        state[2] = 1.0 if change > 0 else -1.0
        state[3] = 0.0
    if state[3] >= params[0]:
        state[2] = 0.0
    out[0] = state[2]


PLUGIN = Indicator(
    name="tick_direction",
    parameters=(Parameter("period", 60),),
    outputs=("direction",),
    state_size=lambda _: 4,
    warm_up=lambda _: 2,
    settling=lambda values: int(values["period"]) + 1,
    scale=1.0,
    step=step,
)

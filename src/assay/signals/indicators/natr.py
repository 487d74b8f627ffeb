"""Average true range in percent of the close (Forman, TASC, May 2006)."""

from __future__ import annotations

from assay.kernel.compiling import allocation_free
from assay.signals.streams.columns import CLOSE, HIGH, LOW
from assay.signals.streams.indicator import Indicator, Parameter, forget_wilder
from assay.signals.streams.smoothing import smooth_wilder, true_range


@allocation_free
def step(state, params, bar, out):  # type: ignore[no-untyped-def]
    """Write 100 times Wilder's average of the true range by the close; by a close of 0 it is 0."""
    close = bar[CLOSE]
    if state[0] > 0:
        reach = smooth_wilder(state[2:4], params[0], true_range(bar[HIGH], bar[LOW], state[1]))
        if state[2] >= params[0]:
            out[0] = reach / close * 100.0 if close != 0 else 0.0
    state[0] = 1.0
    state[1] = close


PLUGIN = Indicator(
    name="natr",
    parameters=(Parameter("period", 14, least=2),),
    outputs=("natr",),
    state_size=lambda _: 4,
    warm_up=lambda values: int(values["period"]) + 1,
    settling=lambda values: int(values["period"]) + 1 + forget_wilder(values["period"]),
    scale=100.0,
    step=step,
)

"""Average true range, in points (Wilder, New Concepts in Technical Trading Systems, 1978)."""

from __future__ import annotations

from assay.kernel.compiling import allocation_free
from assay.signals.streams.columns import CLOSE, HIGH, LOW
from assay.signals.streams.indicator import Indicator, Parameter, forget_wilder
from assay.signals.streams.smoothing import smooth_wilder, true_range


@allocation_free
def step(state, params, bar, out):  # type: ignore[no-untyped-def]
    """Write Wilder's average of the true range; the first bar has none."""
    if state[0] > 0:
        reach = true_range(bar[HIGH], bar[LOW], state[1])
        out[0] = smooth_wilder(state[2:4], params[0], reach)
    state[0] = 1.0
    state[1] = bar[CLOSE]


PLUGIN = Indicator(
    name="atr",
    parameters=(Parameter("period", 14),),
    outputs=("atr",),
    state_size=lambda _: 4,
    warm_up=lambda values: int(values["period"]) + 1,
    settling=lambda values: int(values["period"]) + 1 + forget_wilder(values["period"]),
    scale=None,
    step=step,
)

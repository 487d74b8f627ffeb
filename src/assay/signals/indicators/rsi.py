"""Relative strength index, 0 to 100 (Wilder, New Concepts in Technical Trading Systems, 1978)."""

from __future__ import annotations

from assay.kernel.compiling import allocation_free
from assay.signals.streams.columns import CLOSE
from assay.signals.streams.indicator import Indicator, Parameter, forget_wilder
from assay.signals.streams.smoothing import smooth_wilder


@allocation_free
def step(state, params, bar, out):  # type: ignore[no-untyped-def]
    """Write the share of rises in the averaged moves; a market that never moved has 0."""
    change = bar[CLOSE] - state[1]
    state[1] = bar[CLOSE]
    state[0] += 1
    if state[0] == 1:
        return
    rise = smooth_wilder(state[2:4], params[0], max(change, 0.0))
    fall = smooth_wilder(state[4:6], params[0], max(-change, 0.0))
    if state[0] > params[0]:
        out[0] = 100.0 * (rise / (rise + fall)) if rise + fall > 0 else 0.0


PLUGIN = Indicator(
    name="rsi",
    parameters=(Parameter("period", 14, least=2),),
    outputs=("rsi",),
    state_size=lambda _: 6,
    warm_up=lambda values: int(values["period"]) + 1,
    settling=lambda values: int(values["period"]) + 1 + forget_wilder(values["period"]),
    scale=100.0,
    step=step,
)

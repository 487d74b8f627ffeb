"""Exponential moving average of the close, in points."""

from __future__ import annotations

from assay.kernel.compiling import allocation_free
from assay.signals.streams.columns import CLOSE
from assay.signals.streams.indicator import Indicator, Parameter, forget_ema
from assay.signals.streams.smoothing import smooth_ema


@allocation_free
def step(state, params, bar, out):  # type: ignore[no-untyped-def]
    """Write the exponential average of closes with weight 2 / (period + 1)."""
    out[0] = smooth_ema(state, params[0], bar[CLOSE])


PLUGIN = Indicator(
    name="ema",
    parameters=(Parameter("period", 20),),
    outputs=("ema",),
    state_size=lambda _: 2,
    warm_up=lambda values: int(values["period"]),
    settling=lambda values: int(values["period"]) + forget_ema(values["period"]),
    scale=None,
    step=step,
)

"""How many quotes a bar had, and usually has: the pace of a feed that tells no trades.

Trade intensity counts trades (Hautsch 2012); a feed of quotes has none, so its updates are counted.
"""

from __future__ import annotations

import math

from assay.kernel.compiling import allocation_free
from assay.signals.streams.columns import QUOTES
from assay.signals.streams.indicator import Indicator, Parameter
from assay.signals.streams.smoothing import RING, roll_mean


@allocation_free
def step(state, params, bar, out):  # type: ignore[no-untyped-def]
    """Write the number of quotes and its mean over `period` bars; an absent one starts afresh."""
    if math.isnan(bar[QUOTES]):
        state[:] = 0.0
        return
    period = int(params[0])
    mean = roll_mean(state, period, bar[QUOTES])
    if state[0] >= period:
        out[0], out[1] = bar[QUOTES], mean


PLUGIN = Indicator(
    name="quote_intensity",
    parameters=(Parameter("period", 60),),
    outputs=("quotes", "mean"),
    state_size=lambda values: RING + int(values["period"]),
    warm_up=lambda values: int(values["period"]),
    settling=lambda values: int(values["period"]),
    scale=1.0,
    step=step,
    inputs=("quotes",),
)

"""Standard deviation of the close around its mean, in points (Pearson, 1894)."""

from __future__ import annotations

from assay.kernel.compiling import allocation_free
from assay.signals.streams.columns import CLOSE
from assay.signals.streams.indicator import Indicator, Parameter
from assay.signals.streams.windows import WINDOW, keep_value, spread_kept


@allocation_free
def step(state, params, bar, out):  # type: ignore[no-untyped-def]
    """Write sqrt(mean((close - mean)²)) of `period` closes, divided by all of them as TA-Lib."""
    period = int(params[0])
    keep_value(state, period, bar[CLOSE])
    if state[0] >= period:
        _, out[0] = spread_kept(state, period, bar[CLOSE])


PLUGIN = Indicator(
    name="standard_deviation",
    parameters=(Parameter("period", 20, least=2),),
    outputs=("standard_deviation",),
    state_size=lambda values: WINDOW + int(values["period"]),
    warm_up=lambda values: int(values["period"]),
    settling=lambda values: int(values["period"]),
    scale=None,
    step=step,
)

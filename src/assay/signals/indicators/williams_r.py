"""Williams %R, -100 to 0 (Williams, How I Made One Million Dollars, 1973)."""

from __future__ import annotations

from assay.kernel.compiling import allocation_free
from assay.signals.streams.columns import CLOSE, HIGH, LOW
from assay.signals.streams.indicator import Indicator, Parameter
from assay.signals.streams.windows import WINDOW, highest_kept, keep_value, lowest_kept


@allocation_free
def step(state, params, bar, out):  # type: ignore[no-untyped-def]
    """Write -100 (highest - close) / (highest - lowest) of `period` bars; of no range 0."""
    period = int(params[0])
    highs, lows = state[: WINDOW + period], state[WINDOW + period :]
    keep_value(highs, period, bar[HIGH])
    keep_value(lows, period, bar[LOW])
    if highs[0] < period:
        return
    highest, lowest = highest_kept(highs, period), lowest_kept(lows, period)
    out[0] = (highest - bar[CLOSE]) / ((highest - lowest) / -100.0) if highest > lowest else 0.0


PLUGIN = Indicator(
    name="williams_r",
    parameters=(Parameter("period", 14, least=2),),
    outputs=("williams_r",),
    state_size=lambda values: 2 * (WINDOW + int(values["period"])),
    warm_up=lambda values: int(values["period"]),
    settling=lambda values: int(values["period"]),
    scale=100.0,
    step=step,
)

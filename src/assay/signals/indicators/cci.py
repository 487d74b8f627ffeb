"""Commodity channel index (Lambert, Commodities, October 1980)."""

from __future__ import annotations

from assay.kernel.compiling import allocation_free
from assay.signals.streams.columns import CLOSE, HIGH, LOW
from assay.signals.streams.indicator import Indicator, Parameter
from assay.signals.streams.windows import WINDOW, keep_value


@allocation_free
def step(state, params, bar, out):  # type: ignore[no-untyped-def]
    """Write (typical - mean) / (0.015 mean |typical - mean|), typical = (high + low + close) / 3.

    A market that stood still has 0. The ring holds 3 times the typical price, which is whole, and
    distances from the newest are summed, so that no price is too high; TA-Lib rounds thirds.
    """
    period = int(params[0])
    typical = bar[HIGH] + bar[LOW] + bar[CLOSE]
    keep_value(state, period, typical)
    if state[0] < period:
        return
    offset = distance = 0.0
    for k in range(WINDOW, WINDOW + period):
        offset += typical - state[k]
    offset /= period
    for k in range(WINDOW, WINDOW + period):
        distance += abs(typical - state[k] - offset)
    out[0] = offset / (0.015 * (distance / period)) if distance > 0 else 0.0


PLUGIN = Indicator(
    name="cci",
    parameters=(Parameter("period", 20, least=2),),
    outputs=("cci",),
    state_size=lambda values: WINDOW + int(values["period"]),
    warm_up=lambda values: int(values["period"]),
    settling=lambda values: int(values["period"]),
    scale=100.0,
    step=step,
)

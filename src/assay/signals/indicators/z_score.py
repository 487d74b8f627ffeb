"""Z-score of the close: how many standard deviations it is from its mean."""

from __future__ import annotations

from assay.kernel.compiling import allocation_free
from assay.signals.streams.columns import CLOSE
from assay.signals.streams.indicator import Indicator, Parameter
from assay.signals.streams.windows import WINDOW, keep_value, spread_kept


@allocation_free
def step(state, params, bar, out):  # type: ignore[no-untyped-def]
    """Write (close - mean) / deviation of `period` closes, the deviation divided by all of them.

    A market that stood still has 0.
    """
    period = int(params[0])
    keep_value(state, period, bar[CLOSE])
    if state[0] < period:
        return
    offset, deviation = spread_kept(state, period, bar[CLOSE])
    out[0] = offset / deviation if deviation > 0 else 0.0


PLUGIN = Indicator(
    name="z_score",
    parameters=(Parameter("period", 20, least=2),),
    outputs=("z_score",),
    state_size=lambda values: WINDOW + int(values["period"]),
    warm_up=lambda values: int(values["period"]),
    settling=lambda values: int(values["period"]),
    scale=1.0,
    step=step,
)

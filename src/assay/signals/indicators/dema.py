"""Double exponential moving average of the close, in points (Mulloy, TASC, February 1994)."""

from __future__ import annotations

from assay.kernel.compiling import allocation_free
from assay.signals.streams.columns import CLOSE
from assay.signals.streams.indicator import Indicator, Parameter, Values, forget_ema
from assay.signals.streams.smoothing import smooth_ema


@allocation_free
def step(state, params, bar, out):  # type: ignore[no-untyped-def]
    """Write 2 e - ema(e), where e is the exponential average of the closes.

    TA-Lib's seeding: the average of the averages begins with the mean of their first `period`.
    """
    period = params[0]
    once = smooth_ema(state[0:2], period, bar[CLOSE])
    if state[0] < period:
        return
    twice = smooth_ema(state[2:4], period, once)
    if state[2] >= period:
        out[0] = 2.0 * once - twice


def _warm_up(values: Values) -> int:
    return 2 * int(values["period"]) - 1


PLUGIN = Indicator(
    name="dema",
    parameters=(Parameter("period", 20, least=2),),
    outputs=("dema",),
    state_size=lambda _: 4,
    warm_up=_warm_up,
    settling=lambda values: _warm_up(values) + 2 * forget_ema(values["period"]),
    scale=None,
    step=step,
)

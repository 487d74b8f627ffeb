"""Triple exponential moving average of the close, in points (Mulloy, TASC, February 1994)."""

from __future__ import annotations

from assay.kernel.compiling import allocation_free
from assay.signals.streams.columns import CLOSE
from assay.signals.streams.indicator import Indicator, Parameter, Values, forget_ema
from assay.signals.streams.smoothing import smooth_ema


@allocation_free
def step(state, params, bar, out):  # type: ignore[no-untyped-def]
    """Write 3 e - 3 ema(e) + ema(ema(e)), where e is the exponential average of the closes.

    TA-Lib's seeding: each average of averages begins with the mean of their first `period`.
    """
    period = params[0]
    once = smooth_ema(state[0:2], period, bar[CLOSE])
    if state[0] < period:
        return
    twice = smooth_ema(state[2:4], period, once)
    if state[2] < period:
        return
    thrice = smooth_ema(state[4:6], period, twice)
    if state[4] >= period:
        out[0] = 3.0 * (once - twice) + thrice


def _warm_up(values: Values) -> int:
    return 3 * int(values["period"]) - 2


PLUGIN = Indicator(
    name="tema",
    parameters=(Parameter("period", 20, least=2),),
    outputs=("tema",),
    state_size=lambda _: 6,
    warm_up=_warm_up,
    settling=lambda values: _warm_up(values) + 3 * forget_ema(values["period"]),
    scale=None,
    step=step,
)

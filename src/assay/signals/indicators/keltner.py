"""Keltner channel around an exponential average, in points.

Keltner, How to Make Money in Commodities, 1960, as Raschke changed it in the 1980s: the average is
exponential and the width a multiple of Wilder's average true range. Both are seeded as in TA-Lib.
"""

from __future__ import annotations

from assay.kernel.compiling import allocation_free
from assay.signals.streams.columns import CLOSE, HIGH, LOW
from assay.signals.streams.indicator import (
    Indicator,
    Parameter,
    Values,
    forget_ema,
    forget_wilder,
)
from assay.signals.streams.smoothing import smooth_ema, smooth_wilder, true_range


@allocation_free
def step(state, params, bar, out):  # type: ignore[no-untyped-def]
    """Write the average of closes and `multiple` average true ranges to either side.

    State: bars, the close before, the average of closes, that of true ranges.
    """
    period, span = params[0], params[1]
    middle = smooth_ema(state[2:4], period, bar[CLOSE])
    before = state[1]
    state[0] += 1
    state[1] = bar[CLOSE]
    if state[0] == 1:
        return
    reach = smooth_wilder(state[4:6], span, true_range(bar[HIGH], bar[LOW], before))
    if state[0] >= period and state[0] > span:
        width = params[2] * reach
        out[0], out[1], out[2] = middle + width, middle, middle - width


def _warm_up(values: Values) -> int:
    return int(max(values["period"], values["span"] + 1))


def _settle(values: Values) -> int:
    middle = int(values["period"]) + forget_ema(values["period"])
    return max(middle, int(values["span"]) + 1 + forget_wilder(values["span"]))


PLUGIN = Indicator(
    name="keltner",
    parameters=(
        Parameter("period", 20),
        Parameter("span", 10),
        Parameter("multiple", 2, least=0.01, most=100, is_whole=False),
    ),
    outputs=("upper", "middle", "lower"),
    state_size=lambda _: 6,
    warm_up=_warm_up,
    settling=_settle,
    scale=None,
    step=step,
)

"""Ultimate oscillator, 0 to 100 (Williams, TASC, 1985)."""

from __future__ import annotations

from assay.kernel.compiling import allocation_free
from assay.signals.streams.columns import CLOSE, HIGH, LOW
from assay.signals.streams.indicator import Indicator, Parameter, Values
from assay.signals.streams.smoothing import RING, roll_sum, true_range


@allocation_free
def step(state, params, bar, out):  # type: ignore[no-untyped-def]
    """Write 100 (4 s + 2 m + l) / 7, each the share of buying pressure in the true range.

    Buying pressure is close - min(low, close before); sums run over `short`, `medium` and `long`
    bars; a horizon of no range counts as 0. Where they are not in order TA-Lib sorts them.
    State: bars, close before, two rings for each horizon.
    """
    before, close = state[1], bar[CLOSE]
    state[0] += 1
    state[1] = close
    if state[0] == 1:
        return
    pressure = close - min(bar[LOW], before)
    reach = true_range(bar[HIGH], bar[LOW], before)
    total, weight, first = 0.0, 4.0, 2
    for k in range(3):
        period = int(params[k])
        middle, end = first + RING + period, first + 2 * (RING + period)
        bought = roll_sum(state[first:middle], period, pressure)
        ranged = roll_sum(state[middle:end], period, reach)
        if ranged > 0:
            total += weight * (bought / ranged)
        weight, first = weight / 2.0, end
    if state[0] > params[2]:
        out[0] = 100.0 * (total / 7.0)


def _refuse(values: Values) -> str:
    short, medium, long = values["short"], values["medium"], values["long"]
    if short < medium < long:
        return ""
    return f"short {short:g}, medium {medium:g} and long {long:g} do not rise"


PLUGIN = Indicator(
    name="ultimate_oscillator",
    parameters=(Parameter("short", 7), Parameter("medium", 14), Parameter("long", 28)),
    outputs=("ultimate_oscillator",),
    state_size=lambda values: 2 + 2 * (3 * RING + int(sum(values.values()))),
    warm_up=lambda values: int(values["long"]) + 1,
    settling=lambda values: int(values["long"]) + 1,
    scale=100.0,
    step=step,
    refusal=_refuse,
)

"""True strength index, -100 to 100 (Blau, TASC, November 1991)."""

from __future__ import annotations

from assay.kernel.compiling import allocation_free
from assay.signals.streams.columns import CLOSE
from assay.signals.streams.indicator import Indicator, Parameter, Values, forget_ema
from assay.signals.streams.smoothing import smooth_ema


@allocation_free
def step(state, params, bar, out):  # type: ignore[no-untyped-def]
    """Write 100 e(e(change, long), short) / e(e(|change|, long), short), and its average, signal.

    e is the exponential average, seeded as in TA-Lib; a market that never moved has 0.
    State: bars, close before, the four averages and that of the signal.
    """
    long, short, signal = params[0], params[1], params[2]
    change = bar[CLOSE] - state[1]
    state[1] = bar[CLOSE]
    state[0] += 1
    if state[0] == 1:
        return
    move = smooth_ema(state[2:4], long, change)
    path = smooth_ema(state[4:6], long, abs(change))
    if state[0] <= long:
        return
    move = smooth_ema(state[6:8], short, move)
    path = smooth_ema(state[8:10], short, path)
    if state[0] < long + short:
        return
    strength = 100.0 * (move / path) if path > 0 else 0.0
    average = smooth_ema(state[10:12], signal, strength)
    if state[10] >= signal:
        out[0], out[1] = strength, average


def _warm_up(values: Values) -> int:
    return int(values["long"] + values["short"] + values["signal"]) - 1


def _settling(values: Values) -> int:
    return _warm_up(values) + sum(forget_ema(values[name]) for name in ("long", "short", "signal"))


PLUGIN = Indicator(
    name="tsi",
    parameters=(
        Parameter("long", 25, least=2),
        Parameter("short", 13, least=2),
        Parameter("signal", 7),
    ),
    outputs=("tsi", "signal"),
    state_size=lambda _: 12,
    warm_up=_warm_up,
    settling=_settling,
    scale=100.0,
    step=step,
)

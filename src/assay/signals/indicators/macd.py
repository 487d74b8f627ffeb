"""Moving average convergence and divergence, in points (Appel)."""

from __future__ import annotations

from assay.kernel.compiling import allocation_free
from assay.signals.streams.columns import CLOSE
from assay.signals.streams.indicator import Indicator, Parameter, Values, forget_ema
from assay.signals.streams.smoothing import smooth_ema


@allocation_free
def step(state, params, bar, out):  # type: ignore[no-untyped-def]
    """Write the fast less the slow average, its own average, and the difference of the two."""
    fast, slow, signal = params[0], params[1], params[2]
    state[0] += 1
    # TA-Lib seeds the fast average so that both begin on the same bar.
    quick = smooth_ema(state[1:3], fast, bar[CLOSE]) if state[0] > slow - fast else 0.0
    line = quick - smooth_ema(state[3:5], slow, bar[CLOSE])
    if state[0] < slow:
        return
    average = smooth_ema(state[5:7], signal, line)
    if state[0] >= slow + signal - 1:
        out[0], out[1], out[2] = line, average, line - average


def _refuse(values: Values) -> str:
    fast, slow = values["fast"], values["slow"]
    return "" if fast < slow else f"fast {fast:g} is not below slow {slow:g}"


def _warm_up(values: Values) -> int:
    return int(values["slow"] + values["signal"]) - 1


PLUGIN = Indicator(
    name="macd",
    parameters=(
        Parameter("fast", 12, least=2),
        Parameter("slow", 26, least=2),
        Parameter("signal", 9),
    ),
    outputs=("macd", "signal", "histogram"),
    state_size=lambda _: 7,
    warm_up=_warm_up,
    settling=lambda values: (
        _warm_up(values) + forget_ema(values["slow"]) + forget_ema(values["signal"])
    ),
    scale=None,
    step=step,
    refusal=_refuse,
)

"""Stochastic of the relative strength index, 0 to 100 (Chande, The New Technical Trader, 1994)."""

from __future__ import annotations

from assay.kernel.compiling import allocation_free
from assay.signals.indicators.rsi import step as step_rsi
from assay.signals.streams.indicator import Indicator, Parameter, Values, bars_to_forget
from assay.signals.streams.smoothing import RING, roll_mean
from assay.signals.streams.windows import WINDOW, highest_kept, keep_value, lowest_kept

RSI_STATE = 6
STILL = 0.001
"""An index that moved less than this stands still; TA-Lib divides its rounding errors there."""


@allocation_free
def step(state, params, bar, out):  # type: ignore[no-untyped-def]
    """Write K = 100 (rsi - lowest) / (highest - lowest) of `k` bars, and D, its mean over `d`.

    Where the index stands still K is 0, as in TA-Lib.
    """
    period, k, d = params[0], int(params[1]), int(params[2])
    step_rsi(state[:RSI_STATE], params, bar, out)
    strength = out[0]
    out[0] = float("nan")
    if state[0] <= period:
        return
    indices, places = state[RSI_STATE : RSI_STATE + WINDOW + k], state[RSI_STATE + WINDOW + k :]
    keep_value(indices, k, strength)
    if indices[0] < k:
        return
    lowest = lowest_kept(indices, k)
    reach = highest_kept(indices, k) - lowest
    place = (strength - lowest) / (reach / 100.0) if reach > STILL else 0.0
    mean = roll_mean(places, d, place)
    if places[0] >= d:
        out[0], out[1] = place, mean


def _warm_up(values: Values) -> int:
    return int(values["period"] + values["k"] + values["d"]) - 1


def _settling(values: Values) -> int:
    # A difference in the index weighs up to 100 / STILL times as much here.
    forget = bars_to_forget(1 - 1 / values["period"])
    return _warm_up(values) + forget + forget // 2


PLUGIN = Indicator(
    name="stoch_rsi",
    parameters=(
        Parameter("period", 14, least=2),
        Parameter("k", 5, least=2),
        Parameter("d", 3),
    ),
    outputs=("k", "d"),
    state_size=lambda values: RSI_STATE + WINDOW + RING + int(values["k"] + values["d"]),
    warm_up=_warm_up,
    settling=_settling,
    scale=100.0,
    step=step,
)

"""Parabolic stop and reverse, in points.

Source: Wilder, New Concepts in Technical Trading Systems, 1978.
"""

from __future__ import annotations

import math

from assay.kernel.compiling import allocation_free
from assay.signals.streams.columns import HIGH, LOW
from assay.signals.streams.indicator import Indicator, Parameter, Values

HIGH_BEFORE, LOW_BEFORE, SIDE, STOP, EXTREME, SPEED = range(1, 7)


@allocation_free
def begin(state, high, low):  # type: ignore[no-untyped-def]
    """Take the side of the second bar's larger move, up where neither is; stop behind the first."""
    falls = state[LOW_BEFORE] - low
    state[SIDE] = -1.0 if falls > 0 and falls > high - state[HIGH_BEFORE] else 1.0
    state[STOP] = state[LOW_BEFORE] if state[SIDE] > 0 else -state[HIGH_BEFORE]
    state[EXTREME] = high if state[SIDE] > 0 else -low
    state[HIGH_BEFORE], state[LOW_BEFORE] = high, low


@allocation_free
def step(state, params, bar, out):  # type: ignore[no-untyped-def]
    """Write the stop of this bar and its side, 1 under rising prices and -1 over falling ones.

    stop += speed (extreme - stop), never beyond the last two bars; the speed begins at `start` and
    grows by `step` up to `most` with each new extreme. Touched, it turns to the old extreme.
    The first side is TA-Lib's, the larger directional movement of the second bar.
    State: bars, high and low before, side, stop, extreme, speed; a fall is kept upside down.
    """
    start, faster, most = params[0], params[1], params[2]
    high, low = bar[HIGH], bar[LOW]
    state[0] += 1
    if state[0] == 1:
        state[HIGH_BEFORE], state[LOW_BEFORE] = high, low
        return
    if state[0] == 2:
        begin(state, high, low)
        state[SPEED] = start
    near, top = (low, high) if state[SIDE] > 0 else (-high, -low)
    near_before = state[LOW_BEFORE] if state[SIDE] > 0 else -state[HIGH_BEFORE]
    if near <= state[STOP]:
        state[SIDE] = -state[SIDE]
        near, top = -top, -near
        near_before = state[LOW_BEFORE] if state[SIDE] > 0 else -state[HIGH_BEFORE]
        state[STOP] = min(-state[EXTREME], near_before, near)
        state[EXTREME], state[SPEED] = top, start
        out[0], out[1] = state[SIDE] * state[STOP], state[SIDE]
    else:
        out[0], out[1] = state[SIDE] * state[STOP], state[SIDE]
        if top > state[EXTREME]:
            state[EXTREME], state[SPEED] = top, min(state[SPEED] + faster, most)
    ahead = state[STOP] + state[SPEED] * (state[EXTREME] - state[STOP])
    state[STOP] = min(ahead, near_before, near)
    state[HIGH_BEFORE], state[LOW_BEFORE] = high, low


def _refuse(values: Values) -> str:
    start, most = values["start"], values["most"]
    return "" if start <= most else f"start {start:g} is above most {most:g}"


def _settling(values: Values) -> int:
    # Two starts agree for good once both turned on one bar. The stop covers its way in the bars
    # that sum the speed to 1 where 3 in 10 bars bring a new extreme; on walks 99 % of starts
    # agree after 9 such ways, and the rest falls tenfold with every 5.
    start, faster, most = values["start"], values["step"], values["most"]
    way = (math.sqrt(start**2 + 0.6 * faster) - start) / (0.3 * faster)
    return 2 + math.ceil(40 * max(way, 1 / most))


PLUGIN = Indicator(
    name="sar",
    parameters=(
        Parameter("start", 0.02, least=0.001, most=1, is_whole=False),
        Parameter("step", 0.02, least=0.001, most=1, is_whole=False),
        Parameter("most", 0.2, least=0.001, most=1, is_whole=False),
    ),
    outputs=("sar", "side"),
    state_size=lambda _: 7,
    warm_up=lambda _: 2,
    settling=_settling,
    scale=None,
    step=step,
    refusal=_refuse,
)

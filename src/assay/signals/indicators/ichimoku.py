"""Ichimoku lines, in points (Hosoda, Ichimoku Kinko Hyo, 1969).

The two leading spans are those drawn at this bar, which were known `displacement` bars ago. The
lagging span is left out: it draws at a bar the close of a later one.
"""

from __future__ import annotations

from assay.kernel.compiling import allocation_free
from assay.signals.streams.columns import HIGH, LOW
from assay.signals.streams.indicator import Indicator, Parameter, Values


@allocation_free
def step(state, params, bar, out):  # type: ignore[no-untyped-def]
    """Write conversion and base line, and the leading spans of `displacement` bars ago.

    A line is the middle between the highest high and the lowest low of its number of bars. Span a
    is the mean of conversion and base line, span b the line of `leading` bars.
    State: bars, places, rings of highs and lows [leading], rings of spans a and b [displacement].
    """
    leading, displacement = int(params[2]), int(params[3])
    at, drawn = int(state[1]), int(state[2])
    spans = 3 + 2 * leading
    state[0] += 1
    state[1] = at + 1 if at + 1 < leading else 0
    state[3 + at] = bar[HIGH]
    state[3 + leading + at] = bar[LOW]
    if state[0] < leading:
        return
    conversion = base = 0.0
    highest, lowest = bar[HIGH], bar[LOW]
    for k in range(leading):
        place = 3 + (at - k if k <= at else at - k + leading)
        highest = max(highest, state[place])
        lowest = min(lowest, state[place + leading])
        if k + 1 == params[0]:
            conversion = (highest + lowest) / 2.0
        if k + 1 == params[1]:
            base = (highest + lowest) / 2.0
    span_a, span_b = state[spans + drawn], state[spans + displacement + drawn]
    state[2] = drawn + 1 if drawn + 1 < displacement else 0
    state[spans + drawn] = (conversion + base) / 2.0
    state[spans + displacement + drawn] = (highest + lowest) / 2.0
    if state[0] >= leading + displacement:
        out[0], out[1], out[2], out[3] = conversion, base, span_a, span_b


def _refuse(values: Values) -> str:
    conversion, base, leading = values["conversion"], values["base"], values["leading"]
    if conversion >= base:
        return f"conversion {conversion:g} is not below base {base:g}"
    return "" if base < leading else f"base {base:g} is not below leading {leading:g}"


def _warm_up(values: Values) -> int:
    return int(values["leading"] + values["displacement"])


PLUGIN = Indicator(
    name="ichimoku",
    parameters=(
        Parameter("conversion", 9),
        Parameter("base", 26, least=2),
        Parameter("leading", 52, least=3),
        Parameter("displacement", 26),
    ),
    outputs=("conversion", "base", "leading_a", "leading_b"),
    state_size=lambda values: 3 + 2 * int(values["leading"] + values["displacement"]),
    warm_up=_warm_up,
    settling=_warm_up,
    scale=None,
    step=step,
    refusal=_refuse,
)

"""Volatility beside what is usual at this hour of New York's day (Andersen, Bollerslev 1997).

Measured by the log true range, which says about five times as much a bar as the squared return
(Parkinson 1980) and is moved less by news than a variance is. A return in units of that range is
the same in quiet and busy hours, whatever the regime.
"""

from __future__ import annotations

import math

from assay.kernel.compiling import allocation_free
from assay.signals.streams.columns import CLOSE, HIGH, LOW, WALL
from assay.signals.streams.indicator import Indicator, Parameter, Values
from assay.signals.streams.smoothing import RING, roll_mean

HOURS = 24
MOST = 5.0
"""Logs and returns are held within this: a market that stands still has no log, a gap no end."""
COUNT, BEFORE, HOUR, SUM, BARS, PLACE, USUAL = range(7)
FIRST = 7
"""Words of state before the rings of hours (hour, sum and number of bars each) and of bars."""


@allocation_free
def step(state, params, bar, out):  # type: ignore[no-untyped-def]
    """Write the log of the mean range over `short` and `long` bars, each over its usual; a return.

    The return is that of the bar in units of the range expected: the usual one times the mean
    over `long` bars of range over usual. The usual range is the mean of the bars of the same hour
    of the day among the last 24 x `days` hours that had bars, the present one left out; of all
    those where that hour is not among them.
    """
    short, long, hours = int(params[0]), int(params[1]), HOURS * int(params[2])
    rings = FIRST + 3 * hours
    hour = math.floor((bar[WALL] - 1.0) / 3600.0)
    reach = _log_range(state, bar)
    if state[COUNT] == 0 or hour != state[HOUR]:
        _keep_hour(state, hours)
        state[HOUR] = hour
        state[USUAL] = _find_usual(state[FIRST:rings], hours, hour % HOURS)
    move = _log_move(state, bar)
    state[COUNT] += 1
    state[BEFORE] = bar[CLOSE]
    state[SUM] += reach
    state[BARS] += 1
    usual = state[USUAL]
    if usual < 0:
        usual = state[SUM] / state[BARS]
    share = reach / usual if usual > 0 else 1.0
    middle = rings + RING + short
    quick = roll_mean(state[rings:middle], short, share)
    slow = roll_mean(state[middle:], long, share)
    if state[COUNT] >= long:
        out[0], out[1] = _held_log(quick), _held_log(slow)
        expected = usual * slow
        out[2] = min(MOST, max(-MOST, move / expected)) if expected > 0 else 0.0


@allocation_free
def _log_range(state, bar):  # type: ignore[no-untyped-def]
    high, low = bar[HIGH], bar[LOW]
    if state[COUNT] > 0:
        high, low = max(high, state[BEFORE]), min(low, state[BEFORE])
    # A price at or below 0 has no logarithm and counts as no move.
    return math.log(high / low) if low > 0 else 0.0


@allocation_free
def _log_move(state, bar):  # type: ignore[no-untyped-def]
    before, close = state[BEFORE], bar[CLOSE]
    return math.log(close / before) if close > 0 and before > 0 else 0.0


@allocation_free
def _keep_hour(state, hours):  # type: ignore[no-untyped-def]
    if state[BARS] == 0:
        return
    at = FIRST + 3 * int(state[PLACE])
    state[at], state[at + 1], state[at + 2] = state[HOUR] % HOURS, state[SUM], state[BARS]
    state[PLACE] = state[PLACE] + 1 if state[PLACE] + 1 < hours else 0
    state[SUM] = state[BARS] = 0.0


@allocation_free
def _find_usual(ring, hours, wanted):  # type: ignore[no-untyped-def]
    # The mean of this hour, else of all of them, else -1 for none known.
    own = own_bars = every = every_bars = 0.0
    for k in range(hours):
        total, bars = ring[3 * k + 1], ring[3 * k + 2]
        every += total
        every_bars += bars
        if ring[3 * k] == wanted:
            own += total
            own_bars += bars
    if own_bars > 0:
        return own / own_bars
    return every / every_bars if every_bars > 0 else -1.0


@allocation_free
def _held_log(ratio):  # type: ignore[no-untyped-def]
    if ratio <= 0:
        return -MOST
    return min(MOST, max(-MOST, math.log(ratio)))


def _refuse(values: Values) -> str:
    short, long = values["short"], values["long"]
    return "" if short < long else f"short {short:g} is not below long {long:g}"


def _settle(values: Values) -> int:
    bars_an_hour = math.ceil(values["bars_a_day"] / HOURS)
    # One hour more than the ring holds, for the one that the history began within.
    return int((HOURS * values["days"] + 1) * bars_an_hour + values["long"]) + 1


PLUGIN = Indicator(
    name="seasonal_volatility",
    parameters=(
        Parameter("short", 24),
        Parameter("long", 96, least=2),
        Parameter("days", 10, most=100),
        Parameter("bars_a_day", 1440, most=86_400),
    ),
    outputs=("short", "long", "move"),
    state_size=lambda values: (
        FIRST + int(3 * HOURS * values["days"] + values["short"] + values["long"]) + 2 * RING
    ),
    warm_up=lambda values: int(values["long"]),
    settling=_settle,
    scale=1.0,
    step=step,
    refusal=_refuse,
)

"""Three mechanisms at once, each of which another view of the market shows (kind `mixed`).

z_i = d (l_{i-2} + f(o_{i-1}) + r_{i-1}) + e_i, e_i ~ N(0, 1), where z is the bar's log return over
its volatility and d the drive. Cross-section: l is the exponential average (half-life HALF_LIFE
bars) of what the leader's shocks e are beside the asset's own, and tells a bar late. Threshold: o
is the average of the asset's own z, and f(o) is o within TURN of 0 and -o beyond (of MOST at the
most), so that no straight line finds it. Sequence: r is a sum of own z 4 to 15 bars old, two up,
two down, which no average over recent bars shows. Each has the variance 1 where z is noise. Only
the next bar is told: all of what moves its mean is known before.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from assay.kernel.compiling import compiled
from assay.market.series import Float64s, Int64s
from assay.market.simulation.signal import before
from assay.market.simulation.volatility import Volatility

HALF_LIFE = 15.0
DECAY = 0.5 ** (1.0 / HALF_LIFE)
GAIN = ((1.0 - DECAY) * (1.0 + DECAY)) ** 0.5
TURN = 1.538172
"""Half of the variance of a standard normal lies within it."""
MOST = 3.0
"""Beyond it the own past counts no more, so that no strength and no inversion makes it explode."""
RHYTHM = np.array([0.0] * 4 + [1.0, 1.0, -1.0, -1.0] * 3) / math.sqrt(12)
"""What a return so many bars old counts for."""
OLDEST = len(RHYTHM)
PARTNER = "USDJPY"
"""Whom an asset follows that else leads."""


@dataclass(frozen=True, slots=True, eq=False)
class Mixed:
    """Hold the standardised returns of an asset's bars, and at each the mean of the next."""

    returns: Float64s
    drift: Float64s


def plant_mixed(shocks: Float64s, drive: Float64s, led: Float64s) -> Mixed:
    """Return the returns that answer to `led` [bars], to a threshold and to a rhythm."""
    return Mixed(*_answer(shocks, drive, led))


def stand_beside(
    shocks: Float64s, opens: Int64s, leader: tuple[Float64s, Int64s], correlation: float
) -> Float64s:
    """Return the average of a leader's shocks beside an asset's own, at its bars, a bar late.

    Both have opens in ns UTC; the average stands still while the leader is closed.
    """
    told, its_opens = leader
    place = np.maximum(np.searchsorted(its_opens, opens, side="right") - 1, 0)
    trades = its_opens[place] == opens
    apart = (told[place] - correlation * shocks) / math.sqrt(1 - correlation**2)
    return before(_average(apart, trades))


def next_rise(volatility: Volatility, mixed: Mixed) -> Float64s:
    """Return P(mid of the next bar > mid) at each bar's close; NaN at the last."""
    mean = volatility.sigma[1:] * mixed.drift[:-1]
    deviation = np.hypot(volatility.sigma, volatility.gap)[1:]
    chance = [0.5 * math.erfc(each) for each in (-mean / deviation / math.sqrt(2.0)).tolist()]
    return np.array([*chance, math.nan])


@compiled
def _answer(shocks: Float64s, drive: Float64s, led: Float64s) -> tuple[Float64s, Float64s]:
    returns, drift = np.empty(len(shocks)), np.empty(len(shocks))
    own, known = 0.0, 0.0
    for row in range(len(shocks)):
        z = shocks[row] + known
        returns[row] = z
        own = DECAY * own + GAIN * z
        known = led[row] + (own if abs(own) < TURN else -min(max(own, -MOST), MOST))
        for age in range(min(OLDEST, row + 1)):
            known += RHYTHM[age] * returns[row - age]
        known *= drive[row]
        drift[row] = known
    return returns, drift


@compiled
def _average(shocks: Float64s, trades: np.ndarray) -> Float64s:
    found, held = np.empty(len(shocks)), 0.0
    for row in range(len(shocks)):
        if trades[row]:
            held = DECAY * held + GAIN * shocks[row]
        found[row] = held
    return found

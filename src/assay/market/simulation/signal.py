"""The planted signal: standardised returns that answer to a moving average of earlier ones.

z_i = d_{i-1} x_{i-1} + e_i,  x_i = phi x_{i-1} + g z_i,  e_i ~ N(0, 1), where z is the bar's log
return over its volatility, x the exponential average (half-life HALF_LIFE bars) of z scaled to a
variance of 1 where z is noise, and d the drive: b times a gate that the regime sets. With kind
`lagged` x is the leader's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assay.kernel.compiling import compiled
from assay.market.series import Bools, Float64s, Int64s
from assay.market.simulation.volatility import CALM

HALF_LIFE = 10.0
DECAY = 0.5 ** (1.0 / HALF_LIFE)
GAIN = ((1.0 - DECAY) * (1.0 + DECAY)) ** 0.5
"""(1 - phi) times the scale sqrt((1 + phi) / (1 - phi)) of the average's deviation."""
REVERSAL = 1.4
"""How much stronger reversal is driven than momentum, so that both foretell about as well."""


@dataclass(frozen=True, slots=True, eq=False)
class Planted:
    """Hold the planted signal over an asset's bars.

    `returns` are the standardised returns z; `signal` is x at each bar's close; `drive[i]` is what
    x at bar i counts for in the return of bar i + 1; `transition[i]` and `gain[i]` carry x from
    bar i - 1 to i and the signal's own shock into it; `correlation` is between that shock and the
    asset's own.
    """

    returns: Float64s
    signal: Float64s
    drive: Float64s
    transition: Float64s
    gain: Float64s
    correlation: float


def gate(kind: str, regime: Int64s) -> Float64s:
    """Return what the signal is multiplied by at each bar: the regime's sign, its gate, or 1."""
    if kind == "regime":
        return np.where(regime == CALM, 1.0, -REVERSAL)
    if kind == "volatility":
        return np.where(regime == CALM, 0.0, 1.0)
    return np.ones(len(regime))


def turn_over(bars: int, invert_at: int | None) -> Float64s:
    """Return the sign of what the signal means for each bar's return: -1 from `invert_at` on."""
    return np.where(np.arange(bars) < (bars if invert_at is None else invert_at), 1.0, -1.0)


def plant_own(shocks: Float64s, drive: Float64s) -> Planted:
    """Return the returns that answer to the asset's own past."""
    signal, returns = follow_itself(shocks, drive, DECAY, GAIN)
    transition = DECAY + GAIN * before(drive)
    return Planted(returns, signal, drive, transition, np.full(len(shocks), GAIN), 1.0)


def plant_led(shocks: Float64s, drive: Float64s, leader: Led) -> Planted:
    """Return the returns that answer to the leader's past; it stands still while it is closed."""
    returns = before(drive) * before(leader.signal) + shocks
    return Planted(
        returns, leader.signal, drive, leader.transition, leader.gain, leader.correlation
    )


def plant_drift(shocks: Float64s, drift: Float64s) -> Planted:
    """Return the returns of bars that each have a mean of their own, whatever came before."""
    still = np.zeros(len(shocks))
    ahead = np.append(drift[1:], 0.0)
    return Planted(drift + shocks, np.ones(len(shocks)), ahead, still + 1.0, still, 1.0)


@dataclass(frozen=True, slots=True, eq=False)
class Led:
    """Hold a leader's signal as seen from the bars of a follower."""

    signal: Float64s
    transition: Float64s
    gain: Float64s
    correlation: float


def see_leader(leader: Planted, opens: Int64s, own_opens: Int64s, correlation: float) -> Led:
    """Return the leader's signal at each of a follower's bars (opens in ns UTC)."""
    last = np.searchsorted(opens, own_opens, side="right") - 1
    place = np.maximum(last, 0)
    trades: Bools = (last >= 0) & (opens[place] == own_opens)
    return Led(
        signal=np.where(last >= 0, leader.signal[place], 0.0),
        transition=np.where(trades, leader.transition[place], 1.0),
        gain=np.where(trades, leader.gain[place], 0.0),
        correlation=correlation,
    )


@compiled
def follow_itself(
    shocks: Float64s, drive: Float64s, decay: float, gain: float
) -> tuple[Float64s, Float64s]:
    """Return (signal, standardised returns) of the recursion at the head of this file."""
    signal, returns = np.empty(len(shocks)), np.empty(len(shocks))
    x = 0.0
    for row in range(len(shocks)):
        z = shocks[row]
        if row:
            z += drive[row - 1] * x
        x = decay * x + gain * z
        signal[row], returns[row] = x, z
    return signal, returns


def before(values: Float64s) -> Float64s:
    """Return what each bar had before it; 0 for the first."""
    shifted = np.zeros(len(values))
    shifted[1:] = values[:-1]
    return shifted

"""Twelve regimes that follow each other as a Markov chain with published parameters.

In regime s a bar's log return over its volatility is d_s + e, e ~ N(0, 1); its volatility is the
season's times a multiple of the regime. A regime lasts a geometric number of bars; what follows is
drawn from SUCCESSION. Regimes that differ only in name (a strong bull, a reversal up) differ in
what goes before and after them. Source: J. D. Hamilton, Econometrica, 1989.
"""

from __future__ import annotations

import numpy as np

from assay.kernel.compiling import compiled
from assay.market.series import Float64s, Int64s
from assay.model.regimes import Regime, Volatility

VOLATILITY = {
    Volatility.LOW: 0.5, Volatility.NORMAL: 1.0, Volatility.HIGH: 1.9, Volatility.EXTREME: 3.4,
}  # fmt: skip
"""Volatility as a multiple of the season's."""
LONG, SHORT, BRIEF = 300.0, 150.0, 100.0
_R = Regime
DURATION = {
    _R.STRONG_BULL: LONG, _R.WEAK_BULL: LONG, _R.WEAK_BEAR: LONG, _R.STRONG_BEAR: LONG,
    _R.LOW_VOLATILITY_RANGE: LONG, _R.HIGH_VOLATILITY_RANGE: SHORT, _R.BREAKOUT_UP: SHORT,
    _R.BREAKOUT_DOWN: SHORT, _R.REVERSAL_UP: SHORT, _R.REVERSAL_DOWN: SHORT,
    _R.VOLATILE_CRISIS: BRIEF, _R.QUIET: LONG,
}  # fmt: skip
"""Bars that a regime lasts on average."""
SUCCESSION: dict[Regime, dict[Regime, float]] = {
    _R.STRONG_BULL: {
        _R.WEAK_BULL: 0.3, _R.LOW_VOLATILITY_RANGE: 0.3, _R.REVERSAL_DOWN: 0.3,
        _R.HIGH_VOLATILITY_RANGE: 0.05, _R.VOLATILE_CRISIS: 0.05,
    },
    _R.WEAK_BULL: {
        _R.STRONG_BULL: 0.3, _R.QUIET: 0.25, _R.LOW_VOLATILITY_RANGE: 0.2, _R.REVERSAL_DOWN: 0.2,
        _R.VOLATILE_CRISIS: 0.05,
    },
    _R.WEAK_BEAR: {
        _R.STRONG_BEAR: 0.3, _R.QUIET: 0.25, _R.LOW_VOLATILITY_RANGE: 0.2, _R.REVERSAL_UP: 0.2,
        _R.VOLATILE_CRISIS: 0.05,
    },
    _R.STRONG_BEAR: {
        _R.WEAK_BEAR: 0.3, _R.LOW_VOLATILITY_RANGE: 0.3, _R.REVERSAL_UP: 0.3,
        _R.HIGH_VOLATILITY_RANGE: 0.05, _R.VOLATILE_CRISIS: 0.05,
    },
    _R.LOW_VOLATILITY_RANGE: {
        _R.BREAKOUT_UP: 0.2, _R.BREAKOUT_DOWN: 0.2, _R.STRONG_BULL: 0.15, _R.STRONG_BEAR: 0.15,
        _R.QUIET: 0.2, _R.HIGH_VOLATILITY_RANGE: 0.1,
    },
    _R.HIGH_VOLATILITY_RANGE: {
        _R.LOW_VOLATILITY_RANGE: 0.3, _R.BREAKOUT_UP: 0.15, _R.BREAKOUT_DOWN: 0.15,
        _R.STRONG_BULL: 0.1, _R.STRONG_BEAR: 0.1, _R.VOLATILE_CRISIS: 0.2,
    },
    _R.BREAKOUT_UP: {
        _R.STRONG_BULL: 0.5, _R.HIGH_VOLATILITY_RANGE: 0.25, _R.REVERSAL_DOWN: 0.15,
        _R.VOLATILE_CRISIS: 0.1,
    },
    _R.BREAKOUT_DOWN: {
        _R.STRONG_BEAR: 0.5, _R.HIGH_VOLATILITY_RANGE: 0.25, _R.REVERSAL_UP: 0.15,
        _R.VOLATILE_CRISIS: 0.1,
    },
    _R.REVERSAL_UP: {_R.STRONG_BULL: 0.5, _R.WEAK_BULL: 0.3, _R.LOW_VOLATILITY_RANGE: 0.2},
    _R.REVERSAL_DOWN: {_R.STRONG_BEAR: 0.5, _R.WEAK_BEAR: 0.3, _R.LOW_VOLATILITY_RANGE: 0.2},
    _R.VOLATILE_CRISIS: {
        _R.HIGH_VOLATILITY_RANGE: 0.5, _R.BREAKOUT_UP: 0.15, _R.BREAKOUT_DOWN: 0.15,
        _R.REVERSAL_UP: 0.1, _R.REVERSAL_DOWN: 0.1,
    },
    _R.QUIET: {
        _R.LOW_VOLATILITY_RANGE: 0.3, _R.WEAK_BULL: 0.25, _R.WEAK_BEAR: 0.25,
        _R.BREAKOUT_UP: 0.1, _R.BREAKOUT_DOWN: 0.1,
    },
}  # fmt: skip
"""What follows a regime, and how often."""


def succession() -> Float64s:
    """Return the probability [12, 12] that a bar of one regime is followed by one of another.

    >>> bool(np.allclose(succession().sum(axis=1), 1.0))
    True
    """
    found = np.zeros((len(Regime), len(Regime)))
    for regime, followers in SUCCESSION.items():
        leave = 1.0 / DURATION[regime]
        found[regime, regime] = 1.0 - leave
        for follower, share in followers.items():
            found[regime, follower] = leave * share
    return found


def volatilities() -> Float64s:
    """Return the multiple of the season's volatility [12] in each regime."""
    return np.array([VOLATILITY[regime.volatility] for regime in Regime])


def drifts(drive: float) -> Float64s:
    """Return the mean return of a bar [12] in each regime, in its own volatility."""
    return drive * np.array([int(regime.direction) for regime in Regime], dtype=np.float64)


@compiled
def switch(uniforms: Float64s, chances: Float64s) -> Int64s:
    """Return the states of a Markov chain with these transition probabilities [k, k].

    The first is drawn with equal chances.
    """
    states = np.empty(len(uniforms), np.int64)
    count = len(chances)
    for row in range(len(uniforms)):
        left = uniforms[row]
        if row == 0:
            states[0] = min(int(left * count), count - 1)
            continue
        before, state = states[row - 1], 0
        while state < count - 1 and left >= chances[before, state]:
            left -= chances[before, state]
            state += 1
        states[row] = state
    return states

"""A hidden Markov chain of the twelve regimes: what each looks like, and what follows it.

Seen of a bar are y, the log of its range over the usual one, and z, its return over the usual
range. Volatility shows in y, which is near to Gaussian (Alizadeh, Brandt, Diebold, Journal of
Finance, 2002). Drift shows in x = z / noise alone: by Girsanov's theorem a path that drifts by m
noises a bar is exp(m x - m^2 / 2) times as likely as the same path without, whatever its range.
"""

from __future__ import annotations

from hashlib import sha256

import msgspec
import numpy as np
from numpy.typing import NDArray

from assay.model.regimes import Direction, Regime, Volatility

Float64s = NDArray[np.float64]
Int64s = NDArray[np.int64]
REGIMES, LEVELS = len(Regime), len(Volatility)
LEVEL_OF: Int64s = np.array([int(regime.volatility) for regime in Regime])
DIRECTION_OF: Int64s = np.array([int(regime.direction) for regime in Regime])
CELL_OF: Int64s = np.array([regime.cell for regime in Regime])
LEVEL_OF.flags.writeable = DIRECTION_OF.flags.writeable = CELL_OF.flags.writeable = False
STRONG_OR_AGAINST = {
    Direction.UP: (Regime.STRONG_BULL, Regime.REVERSAL_UP),
    Direction.DOWN: (Regime.STRONG_BEAR, Regime.REVERSAL_DOWN),
}


class Chain(msgspec.Struct, frozen=True):
    """Hold the parameters of the chain.

    `level` is the mean of y in each of the four volatilities, `spread` its standard deviation,
    `noise` the standard deviation of z over exp(level), `drift` the mean of z in noises where a
    market of each volatility trends. `follow` [12, 12] is the probability of each next regime,
    `start` [12] that of the first.
    """

    level: tuple[float, ...]
    spread: float
    noise: float
    drift: tuple[float, ...]
    follow: tuple[tuple[float, ...], ...]
    start: tuple[float, ...]

    def arrays(self) -> tuple[Float64s, Float64s, Float64s]:
        """Return looks [12, 5], follow and start.

        Looks are level, spread, noise, drift with its sign, and what is taken off the likelihood.
        """
        level, drift = np.array(self.level)[LEVEL_OF], np.array(self.drift)[LEVEL_OF] * DIRECTION_OF
        same = np.ones(REGIMES)
        less = 0.5 * np.square(drift) + np.log(self.spread)
        looks = np.stack(
            [level, self.spread * same, self.noise * np.exp(level), drift, less], axis=1
        )
        return np.ascontiguousarray(looks), np.array(self.follow), np.array(self.start)

    @property
    def digest(self) -> str:
        """Return 64 hex digits over all parameters."""
        return sha256(msgspec.json.encode(self)).hexdigest()


def possible() -> NDArray[np.bool_]:
    """Return which regime may follow which [12, 12].

    A strong drift against the one before is a reversal, and no reversal goes with it.

    >>> bool(possible()[Regime.WEAK_BEAR, Regime.STRONG_BULL])
    False
    """
    found = np.ones((REGIMES, REGIMES), dtype=np.bool_)
    for direction, (strong, against) in STRONG_OR_AGAINST.items():
        for before in Regime:
            if before.direction == -direction:
                found[before, strong] = False
            elif before is not Regime.VOLATILE_CRISIS and before is not against:
                found[before, against] = False
    return found


def stationary(follow: Float64s) -> Float64s:
    """Return the share [k] of bars that a chain spends in each state in the long run."""
    count = len(follow)
    sides = np.vstack([follow.T - np.eye(count), np.ones(count)])
    found = np.linalg.lstsq(sides, np.append(np.zeros(count), 1.0), rcond=None)[0]
    found = np.maximum(found, 0.0)
    return np.asarray(found / found.sum())

"""What can be known: the probability of a rise, and how often the best rule is right.

Given the path of volatility, the log return over the next H bars is Gaussian with the mean
D_t x_t, where D_{j-1} = B_j + A_j D_j backwards from D_{t+H} = 0, A carries the signal from bar to
bar, and B_j = sigma_j d_{j-1} is what it counts for. A shock to bar j moves the sum by sigma_j at
once and by u_j = g_j D_j through the signal; a follower's own shock and its leader's are correlated
by rho, so bar j adds sigma_j^2 + u_j^2 + 2 rho sigma_j u_j to the variance, and a jump between
sessions its own. Nothing here is estimated: the only error is that of float64.
"""

from __future__ import annotations

import math

import numpy as np

from assay.kernel.compiling import compiled
from assay.market.series import Float64s
from assay.market.simulation.signal import Planted
from assay.market.simulation.volatility import Volatility

COVERAGES = (0.3, 1.0)


def rise_probability(volatility: Volatility, planted: Planted, horizon: int) -> Float64s:
    """Return P(mid `horizon` bars on > mid) at each bar's close; NaN where the data end before."""
    loading = np.zeros(len(volatility.sigma))
    loading[1:] = volatility.sigma[1:] * planted.drive[:-1]
    jump = np.square(volatility.gap)
    return np.asarray(
        gaussian_rise(
            (volatility.sigma, jump, loading, planted.transition, planted.gain, planted.signal),
            planted.correlation,
            horizon,
        )
    )


@compiled
def gaussian_rise(paths: tuple[Float64s, ...], correlation: float, horizon: int) -> Float64s:
    """Return the probability of a rise at each bar from the recursion at the head of this file.

    `paths` are sigma, variance of the jump, loading, transition, gain and signal of each bar.
    """
    sigma, jump, loading, transition, gain, signal = paths
    rows = len(sigma)
    chance = np.full(rows, np.nan)
    for row in range(rows - horizon):
        slope, variance = 0.0, 0.0
        for bar in range(row + horizon, row, -1):
            later = gain[bar] * slope
            own = sigma[bar]
            variance += own * own + later * later + 2.0 * correlation * own * later + jump[bar]
            slope = loading[bar] + transition[bar] * slope
        chance[row] = 0.5 * math.erfc(-slope * signal[row] / math.sqrt(2.0 * variance))
    return chance


def bayes_accuracy(chance: Float64s, coverage: float) -> float | None:
    """Return how often the best rule is right on the `coverage` of bars it is surest of.

    `chance` is the probability of a rise (NaN where unknown); None where no bar is known.
    """
    known = chance[~np.isnan(chance)]
    if not len(known):
        return None
    sure = np.sort(np.maximum(known, 1.0 - known))[::-1]
    return float(sure[: max(1, round(coverage * len(sure)))].mean())

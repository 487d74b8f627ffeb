"""An e-process: what a fair bet against "no better on average" would have made so far."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from assay.model.errors import UsageError

Floats = NDArray[np.float64]
LEAST_FALL = 1e-3
"""Falls are taken for no smaller: the penalty of smaller ones is that of this to four digits."""


@dataclass(slots=True)
class Wealth:
    """Bet on gains with mean above 0; the wealth is an e-process for "their mean is at most 0".

    A gain is told with its `fall`, the most that it can lose, which must be known before the gain
    is. At rate L, below 1 / fall throughout, the log wealth is

        L * sum(gain) - sum(psi(gain, fall)),
        psi = (-log(1 - L * fall) - L * fall) * (gain / fall)^2,

    and of several rates the wealth is the mean by `shares`, which sum to 1. As
    exp(L x - psi) <= 1 + L x for x >= -fall (Fan et al. 2015), the wealth at any time at which one
    may stop is at most 1 in expectation if the mean of the expected gains so far is at most 0: it
    reaches 1 / a with probability a at most, however often it was looked at (Ville 1939). The
    expected gains may change from one to the next. Sources: Choe and Ramdas, "Comparing sequential
    forecasters", Operations Research 2024, theorem 3; Waudby-Smith and Ramdas, "Estimating means
    of bounded random variables by betting", JRSS B 2024, section 5 (mixtures of bets).

    Where a challenger's calibrated forecast refines the champion's, the variance of the gain in
    log score is twice its mean, so that a rate of one half makes the wealth grow fastest.
    """

    rates: tuple[float, ...]
    shares: tuple[float, ...]
    count: int = field(init=False, default=0)
    _gained: Floats = field(init=False, default_factory=lambda: np.zeros(1))
    _paid: Floats = field(init=False)

    def __post_init__(self) -> None:
        if len(self.rates) != len(self.shares) or abs(sum(self.shares) - 1) > 1e-12:
            raise UsageError("each rate has a share and shares sum to 1; give as many that do")
        self._paid = np.zeros((len(self.rates), 1))

    def take(self, gains: Floats, falls: Floats) -> Floats:
        """Return the log wealth after each of the gains [..., n]; the next call goes on from there.

        Rows are runs of their own, their number fixed by the first call. One by one or all at once
        gives the same bits. Raises UsageError where a gain is below its fall, or a fall too deep
        for the rates.
        """
        gains, falls = np.atleast_2d(gains), np.maximum(np.atleast_2d(falls), LEAST_FALL)
        deepest = float(falls.max(initial=0.0))
        if deepest * max(self.rates) >= 1:
            raise UsageError(
                f"a gain may fall by {deepest:.3g}, and rates up to {max(self.rates):g} bear less "
                f"than {1 / max(self.rates):.3g}; clip closer or bet less"
            )
        if np.any(gains < -falls * (1 + 1e-9) - 1e-12):
            raise UsageError("a gain is below the fall told with it; tell how deep it can be")
        shape = (len(gains),)
        gained = np.cumsum(
            np.concatenate([np.broadcast_to(self._gained, shape)[:, None], gains], axis=1), axis=1
        )
        told = np.full(gains.shape, -np.inf)
        paid = np.empty((len(self.rates), *shape))
        for number, (rate, share) in enumerate(zip(self.rates, self.shares, strict=True)):
            costs = (-np.log1p(-rate * falls) - rate * falls) * (gains / falls) ** 2
            before = np.broadcast_to(self._paid[number], shape)[:, None]
            spent = np.cumsum(np.concatenate([before, costs], axis=1), axis=1)
            paid[number] = spent[:, -1]
            told = np.logaddexp(told, np.log(share) + rate * gained[:, 1:] - spent[:, 1:])
        self._gained, self._paid = gained[:, -1], paid
        self.count += gains.shape[1]
        return told

    def lower_bound(self, level: float) -> Floats:
        """Return the lower bound of the mean of the expected gains, for all times at once.

        It is the mean m at which the wealth of gains less m is 1 / level: the bounds of all times
        together fail with probability `level` at most. NaN before the first gain.
        """
        if not self.count:
            return np.full(len(self._gained), np.nan)
        rates, shares = np.array(self.rates)[:, None], np.log(self.shares)[:, None]
        fixed = shares + rates * self._gained - self._paid
        # At these ends the wealth of every rate is above, and below, what is wanted.
        wanted = -np.log(level)
        ends = (fixed - wanted) / (rates * self.count)
        low, high = (
            ends.min(axis=0),
            ends.max(axis=0) + np.log(len(rates)) / (min(self.rates) * self.count),
        )
        for _ in range(60):
            middle = (low + high) / 2
            wealth = np.logaddexp.reduce(fixed - rates * self.count * middle, axis=0)
            low, high = (
                np.where(wealth > wanted, middle, low),
                np.where(wealth > wanted, high, middle),
            )
        return np.asarray(low)

"""How often something came true, and how sure it is that this is more often than chance."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy.special import betaincc, ndtri

LEVEL = 0.95
"""Of every interval that is given."""
LEAST = 30
"""Outcomes below which nothing is said."""


@dataclass(frozen=True, slots=True)
class HitRate:
    """Hold how many outcomes are known, none overlapping another, and how many were hits."""

    count: int = 0
    hits: int = 0

    @property
    def rate(self) -> float:
        """Return the share of hits, NaN where no outcome is known."""
        return self.hits / self.count if self.count else math.nan

    def interval(self) -> tuple[float, float]:
        """Return the bounds of LEVEL; 0 and 1 where no outcome is known.

        Source: E. Wilson, Probable inference, the law of succession, and statistical inference,
        Journal of the American Statistical Association 22, 1927.

        >>> tuple(round(bound, 4) for bound in HitRate(100, 60).interval())
        (0.502, 0.6906)
        """
        if not self.count:
            return 0.0, 1.0
        z = float(ndtri(0.5 + LEVEL / 2.0))
        weight = z * z / self.count
        centre = (self.rate + weight / 2.0) / (1.0 + weight)
        spread = self.rate * (1.0 - self.rate) / self.count + weight / (4.0 * self.count)
        half = z * math.sqrt(spread) / (1.0 + weight)
        return max(0.0, centre - half), min(1.0, centre + half)

    def confidence(self, chance: float) -> float | None:
        """Return the probability that the true rate is above chance, None below LEAST outcomes.

        That of Jeffreys' posterior, Beta(hits + 1/2, misses + 1/2). Source: L. Brown, T. Cai, A.
        DasGupta, Interval estimation for a binomial proportion, Statistical Science 16, 2001.

        >>> round(HitRate(100, 60).confidence(0.5), 3)
        0.978
        """
        if self.count < LEAST:
            return None
        return float(betaincc(self.hits + 0.5, self.count - self.hits + 0.5, chance))

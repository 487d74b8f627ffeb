"""May it be promoted: better by log score, and not worse by profit than a margin allows."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import log

import numpy as np
from numpy.typing import NDArray

from assay.signals.promotion.gains import Gains
from assay.signals.promotion.wealth import Wealth

Floats = NDArray[np.float64]
LEVEL = 0.05
MARGIN = 0.05
"""Stop distances a label that a challenger may earn less and still be as good."""
SCORE_BETS = ((1 / 2, 1 / 4, 1 / 8), (0.7, 0.2, 0.1))
PROFIT_BETS = ((1 / 4, 1 / 8, 1 / 16), (1 / 3, 1 / 3, 1 / 3))
"""Rates and shares of the bets: most on the rate that suits a challenger which refines the champion
(see Wealth), some on lower ones for gains that vary more."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """Hold the log e-values [runs, n] after each label, of the log score and of the profit."""

    score: Floats
    profit: Floats

    def proven(self, level: float = LEVEL, tries: int = 1) -> NDArray[np.bool_]:
        """Return after which labels both e-values reach tries / level.

        A champion that several challengers are held against asks more of each (Bonferroni).
        """
        bar = log(tries / level)
        return (self.score >= bar) & (self.profit >= bar)


@dataclass(slots=True)
class PromotionTest:
    """Hold a challenger against a champion, label by label; look as often as you like.

    Promoted is who shows both: its mean gain in log score is above 0, and its mean profit is not
    below the champion's by the margin. If either is untrue, that is wrongly shown with probability
    LEVEL at most, whenever one stops.
    """

    score: Wealth = field(default_factory=lambda: Wealth(*SCORE_BETS))
    profit: Wealth = field(default_factory=lambda: Wealth(*PROFIT_BETS))

    def take(self, score: Gains, profit: Gains) -> Weighed:
        """Return the log e-values after each label; the next call goes on from there."""
        return Weighed(self.score.take(*score), self.profit.take(*profit))

"""The Page-Hinkley test: the sum of what exceeds the mean by more than an allowance."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from assay.signals.drift.ports import LOSS, Seen
from assay.signals.drift.reference import Reference

Floats = NDArray[np.float64]
ALLOWANCE, THRESHOLD = 0.25, 25.0
"""In standard deviations. By Siegmund's approximation a stationary stream of 5,000 crosses the
threshold upwards or downwards in less than one case of a hundred."""


@dataclass(slots=True)
class PageHinkleyWatch:
    """Hold both sums and their lowest so far."""

    reference: Reference
    _sums: Floats = field(init=False, default_factory=lambda: np.zeros(2))
    _lowest: Floats = field(init=False, default_factory=lambda: np.zeros(2))

    def take(self, values: Floats) -> Seen:
        """Return how far either sum is above its lowest, in thresholds."""
        scaled = (values - self.reference.mean) / (self.reference.deviation or 1.0)
        found = np.zeros(len(values))
        for side, sign in enumerate((1.0, -1.0)):
            steps = np.concatenate([self._sums[side : side + 1], sign * scaled - ALLOWANCE])
            sums = np.cumsum(steps)[1:]
            lowest = np.minimum(np.minimum.accumulate(sums), self._lowest[side])
            found = np.maximum(found, sums - lowest)
            if len(values):
                self._sums[side], self._lowest[side] = sums[-1], lowest[-1]
        return Seen(found / THRESHOLD)


@dataclass(frozen=True, slots=True)
class PageHinkley:
    """Tell a mean that moved either way from the reference's.

    Sources: E. Page, "Continuous inspection schemes", Biometrika 1954; D. Hinkley, "Inference about
    the change-point from cumulative sum tests", Biometrika 1971; D. Siegmund, Sequential Analysis,
    1985, section 2.6.
    """

    name: str = "page-hinkley"
    title: str = "Page-Hinkley test of the log loss"
    reads: tuple[str, ...] = (LOSS,)
    false_alarms: float = 0.05
    delay: int = 100

    def begin(self, reference: Reference) -> PageHinkleyWatch:
        """Return a watch that has seen nothing."""
        return PageHinkleyWatch(reference)


PLUGIN = PageHinkley()

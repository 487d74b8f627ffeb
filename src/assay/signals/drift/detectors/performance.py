"""Performance: the rolling log loss against that of the calibration span, with a bound."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from assay.signals.drift.ports import LOSS, Seen
from assay.signals.drift.reference import Reference

Floats = NDArray[np.float64]
WINDOW = 250
ERRORS = 4.5
"""Standard errors that the rolling mean may be above: a stationary stream of 5,000 has about
twenty windows of its own, and one comes so far in less than one case of a thousand."""


@dataclass(slots=True)
class PerformanceWatch:
    """Hold the running sums after each of the last values."""

    reference: Reference
    _sums: Floats = field(init=False, default_factory=lambda: np.zeros(1))

    def take(self, values: Floats) -> Seen:
        """Return how far the mean of the last window is above the reference's, in bounds."""
        known = len(self._sums)
        scaled = (values - self.reference.mean) / (self.reference.deviation or 1.0)
        sums = np.concatenate([self._sums[:-1], np.cumsum(np.append(self._sums[-1:], scaled))])
        ends = np.arange(known, len(sums))
        full = ends >= WINDOW
        found = np.zeros(len(values))
        excess = (sums[ends[full]] - sums[ends[full] - WINDOW]) / WINDOW
        error = sqrt(1 / WINDOW + 1 / self.reference.rows)
        found[full] = np.maximum(excess, 0.0) / (ERRORS * error)
        self._sums = sums[-(WINDOW + 1) :]
        return Seen(found)


@dataclass(frozen=True, slots=True)
class Performance:
    """Tell a log loss that rose above the calibration span's by more than chance explains.

    A two-sample z test of the last 250 losses, the spread being the reference's.
    """

    name: str = "performance"
    title: str = "Rolling log loss against the calibration span's"
    reads: tuple[str, ...] = (LOSS,)
    false_alarms: float = 0.05
    delay: int = 250

    def begin(self, reference: Reference) -> PerformanceWatch:
        """Return a watch that has seen nothing."""
        return PerformanceWatch(reference)


PLUGIN = Performance()

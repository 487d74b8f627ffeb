"""What a detector of drift is: begun from a reference, it tells after each value how far it is."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from assay.signals.drift.reference import Reference

Floats = NDArray[np.float64]
FEATURE, SCORE, LOSS = "feature", "score", "loss"
"""What may be watched: each feature, the probability of up, and its log loss."""


class Seen(NamedTuple):
    """Hold the statistic after each value [n], in units of its alarm: drift is told from 1 on."""

    statistic: Floats

    @property
    def alarm(self) -> NDArray[np.bool_]:
        """Return where drift is told [n]."""
        return self.statistic >= 1.0


class Watch(Protocol):
    """Watch one stream; values one by one or all at once give the same bits."""

    def take(self, values: Floats) -> Seen: ...


class Detector(Protocol):
    """Describe a detector and begin a watch.

    Of independent values that are distributed as the reference's were, at most the share
    `false_alarms` of streams of 5,000 sees any alarm. A rise of the mean by one standard deviation
    is told within `delay` values, at least 19 times of 20.
    """

    name: str
    title: str
    reads: tuple[str, ...]
    false_alarms: float
    delay: int

    def begin(self, reference: Reference) -> Watch: ...

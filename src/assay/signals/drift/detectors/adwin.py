"""ADWIN: a window that grows while its parts agree, and forgets its past when they do not."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from assay.signals.drift.ports import LOSS, Seen
from assay.signals.drift.reference import Reference

Floats = NDArray[np.float64]
CONFIDENCE = 0.002
BLOCK, BLOCKS_MOST = 32, 1_024
"""Values are looked at by blocks; the oldest of more than 32,768 are forgotten."""


@dataclass(slots=True)
class AdwinWatch:
    """Hold the window as sums of blocks, and the values of the block that is not full."""

    reference: Reference
    _waiting: list[float] = field(init=False, default_factory=list)
    _sums: list[float] = field(init=False, default_factory=list)
    _squares: list[float] = field(init=False, default_factory=list)
    _told: float = field(init=False, default=0.0)

    def take(self, values: Floats) -> Seen:
        """Return how far the parts of the window differ, in what they may, after each block."""
        width = (self.reference.high - self.reference.low) or 1.0
        scaled = np.clip((values - self.reference.low) / width, 0.0, 1.0)
        found = np.empty(len(values))
        for place, value in enumerate(scaled.tolist()):
            self._waiting.append(value)
            if len(self._waiting) == BLOCK:
                self._close_block()
            found[place] = self._told
        return Seen(found)

    def _close_block(self) -> None:
        block = np.array(self._waiting)
        self._waiting.clear()
        self._sums.append(float(block.sum()))
        self._squares.append(float(block @ block))
        self._told = ratio = self._differ()
        while ratio >= 1 or len(self._sums) > BLOCKS_MOST:
            del self._sums[0], self._squares[0]
            ratio = self._differ()

    def _differ(self) -> float:
        blocks = len(self._sums)
        if blocks < 2:
            return 0.0
        total, count = np.cumsum(self._sums), blocks * BLOCK
        before = BLOCK * np.arange(1, blocks)
        after = count - before
        gap = np.abs(total[:-1] / before - (total[-1] - total[:-1]) / after)
        variance = max(sum(self._squares) / count - (total[-1] / count) ** 2, 0.0)
        odds = np.log(2 * np.log(count) / CONFIDENCE)
        shares = 1 / before + 1 / after
        bound = np.sqrt(2 * shares * variance * odds) + 2 / 3 * shares * odds
        return float((gap / bound).max())


@dataclass(frozen=True, slots=True)
class Adwin:
    """Tell a mean that changed since the watch began, whatever the reference's was.

    Values are scaled by the reference's range and clipped to it, so that the bound holds. Here the
    window is of equal blocks instead of an exponential histogram: every cut between blocks is
    looked at. Source: A. Bifet, R. Gavalda, "Learning from time-changing data with adaptive
    windowing", SIAM Data Mining 2007, theorem 3.1 and section 4.1.
    """

    name: str = "adwin"
    title: str = "ADWIN on the log loss"
    reads: tuple[str, ...] = (LOSS,)
    false_alarms: float = 0.05
    delay: int = 300

    def begin(self, reference: Reference) -> AdwinWatch:
        """Return a watch that has seen nothing."""
        return AdwinWatch(reference)


PLUGIN = Adwin()

"""The population stability index: how differently rows fall into the reference's bins."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtri

from assay.signals.drift.ports import FEATURE, SCORE, Seen
from assay.signals.drift.reference import Reference, find_bins

Floats = NDArray[np.float64]
WINDOW = 500
RULE = 0.25
"""The index from which practice calls a population another one."""
CHANCE = 1e-4
"""A window of the same population may exceed what chance gives it in so many cases."""
HALF = 0.5


@dataclass(slots=True)
class StabilityWatch:
    """Hold the counts of the window that is not full, and the index of the last full one."""

    reference: Reference
    _counts: NDArray[np.int64] = field(init=False)
    _told: float = field(init=False, default=0.0)

    def __post_init__(self) -> None:
        self._counts = np.zeros(len(self.reference.shares), np.int64)

    def take(self, values: Floats) -> Seen:
        """Return the index of the last full window, in alarms."""
        found = np.empty(len(values))
        at = find_bins(np.array(self.reference.edges), values)
        place = 0
        while place < len(values):
            step = min(WINDOW - int(self._counts.sum()), len(values) - place)
            self._counts += np.bincount(at[place : place + step], minlength=len(self._counts))
            found[place : place + step] = self._told
            place += step
            if int(self._counts.sum()) == WINDOW:
                self._told = self._index()
                found[place - 1] = self._told
                self._counts[:] = 0
        return Seen(found)

    def _index(self) -> float:
        shares = np.array(self.reference.shares)
        # Half a row more in each bin: an empty one must not make the index infinite.
        seen = (self._counts + HALF) / (WINDOW + HALF * len(shares))
        expected = np.maximum(shares, HALF / self.reference.rows)
        index = float(((seen - expected) * np.log(seen / expected)).sum())
        return index / _threshold(self.reference)


def _threshold(reference: Reference) -> float:
    spread = 1 / WINDOW + 1 / reference.rows
    chance = spread * float(chdtri(len(reference.shares) - 1, CHANCE))
    return max(RULE, chance)


@dataclass(frozen=True, slots=True)
class PopulationStability:
    """Tell features or forecasts that lie elsewhere than on the calibration span.

    The index of each 500 rows is held against 0.25, or against what chance gives to few reference
    rows, if that is more. Sources: N. Siddiqi, Credit Risk Scorecards, 2006 (the rule); B.
    Yurdakul, "Statistical properties of population stability index", 2018 (the distribution:
    (1/n + 1/m) times chi square of one degree less than there are bins).
    """

    name: str = "population-stability"
    title: str = "Population stability index"
    reads: tuple[str, ...] = (FEATURE, SCORE)
    false_alarms: float = 0.05
    delay: int = 2 * WINDOW

    def begin(self, reference: Reference) -> StabilityWatch:
        """Return a watch that has seen nothing."""
        return StabilityWatch(reference)


PLUGIN = PopulationStability()

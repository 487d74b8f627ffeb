"""What a bracket order would earn: the question that a label answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from assay.model.errors import UsageError

Int64s = NDArray[np.int64]
Float64s = NDArray[np.float64]
SHARE_MAX = 100.0
RANGE_FEATURE = "atr_share"
PER_MILLE = 1000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Bracket:
    """Describe the order of both sides: how long it is held, and where it ends.

    `horizon` is in bars; stop and target are multiples of the average true range times the root of
    the horizon, which is about 1.6 standard deviations of the move over it.
    """

    horizon: int = 30
    stop: float = 1.25
    target: float = 1.25

    def __post_init__(self) -> None:
        if not 1 <= self.horizon <= 10_000:
            raise UsageError(f"horizon {self.horizon} is outside 1..10000 bars")
        for name, value in (("stop", self.stop), ("target", self.target)):
            if not 0 < value <= SHARE_MAX:
                raise UsageError(f"{name} {value} is outside 0..{SHARE_MAX:g}")

    def distances(self, volatility: Float64s) -> tuple[Int64s, Int64s]:
        """Return stop and target distances in points, at least 1; 0 where volatility is unknown.

        `volatility` is the average true range of one bar, in points.
        """
        reach = np.asarray(volatility, dtype=np.float64) * np.sqrt(self.horizon)
        known = reach > 0
        reach = np.where(known, reach, 0.0)

        def points(share: float) -> Int64s:
            distance = np.maximum(np.rint(share * reach), 1.0).astype(np.int64)
            return np.where(known, distance, 0)

        return points(self.stop), points(self.target)


class Booked(NamedTuple):
    """Hold what each bracket earned a side: net P&L (minor units) and price gained (points).

    The price gained runs from fill to fill, so the spread is in it and no other cost. `end` is the
    row whose open or path closed the later of the two sides; -1 where the data end first, and
    such a row has no label.
    """

    long_net: Int64s
    short_net: Int64s
    long_points: Int64s
    short_points: Int64s
    end: Int64s


def average_range(features: NDArray[np.float32], close: Int64s, names: Sequence[str]) -> Float64s:
    """Return the average true range in points, from the feature [n, k] as models see it."""
    share = features[:, list(names).index(RANGE_FEATURE)].astype(np.float64)
    return np.asarray(share * close / PER_MILLE)

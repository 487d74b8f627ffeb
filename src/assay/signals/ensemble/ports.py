"""What a combination of members learns from, and what it must do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Float64s = NDArray[np.float64]
Int64s = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldOut:
    """Hold what members said of rows that they were not fitted on.

    `odds` [n, members] are log odds that the mid rises soon, `up` [n] whether it did, `weight` [n]
    is each row's uniqueness, `age` [n] runs from 1 (the oldest row) to 0, `cell` [n] is the place
    of the row's volatility in CELLS. `odds` are beside `base`, the log odds of up before anybody
    spoke: 0 where what rises against one currency is what falls against the other, so that a drift
    is no forecast.
    """

    odds: Float64s
    up: Bools
    weight: Float64s
    age: Float64s
    cell: Int64s
    base: float = 0.0

    def take(self, chosen: Bools) -> HeldOut:
        """Return the chosen rows."""
        return HeldOut(
            odds=self.odds[chosen], up=self.up[chosen], weight=self.weight[chosen],
            age=self.age[chosen], cell=self.cell[chosen], base=self.base,
        )  # fmt: skip

    def of_members(self, places: Sequence[int]) -> HeldOut:
        """Return the same rows as told by some of the members."""
        return HeldOut(
            odds=self.odds[:, list(places)], up=self.up, weight=self.weight, age=self.age,
            cell=self.cell, base=self.base,
        )  # fmt: skip


class Method(Protocol):
    """One way to combine members; its file under signals/ensemble/methods bears its name."""

    name: str

    def weigh(self, held: HeldOut) -> Float64s:
        """Return each member's weight [cells, members], at least 0, in the sum of log odds."""
        ...

"""What a label is: from an instrument's bars to what each of them led to, and when it was known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from assay.signals.labels.brackets import Int64s
from assay.signals.labels.outcomes import UNKNOWN

BRACKET = "bracket"
"""The label that the engine books, and the only one that is a trade."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """Hold the bars [n] that labels are told of: close (ns UTC), mid (half points), spread.

    `spread` is in points, `timeframe` the length of a bar in ns.
    """

    close_time: Int64s
    mid: Int64s
    spread: Int64s
    timeframe: int

    def __len__(self) -> int:
        return len(self.mid)


class Marks(NamedTuple):
    """Hold what each bar [n] led to: SHORT, NEITHER or LONG, and the bar at which it is known.

    A label's life begins with its own bar. Where the data end before, the outcome is UNKNOWN and
    the end -1; nothing after the end changes either.
    """

    outcome: NDArray[np.int8]
    end: Int64s


class Label(Protocol):
    """One label; its file under signals/labels/methods bears its name.

    `asks` is the question that its probability answers, `outcomes` names SHORT, NEITHER and LONG;
    NEITHER is no answer, so models neither learn from it nor are judged by it. A `symmetric` one
    turns round with the price: what rises against the other currency is what falls. `shortest` is
    the least horizon in bars.
    """

    name: str
    asks: str
    outcomes: tuple[str, str, str]
    symmetric: bool
    shortest: int

    def mark(self, passed: Passed, horizon: int) -> Marks:
        """Mark every bar, looking at most so many bars ahead, at least `shortest`."""
        ...


def lasting(outcome: NDArray[np.int8], horizon: int) -> Marks:
    """Return marks that are known a horizon on; whatever the data end before is unknown.

    >>> [each.tolist() for each in lasting(np.array([2, 0, 2], np.int8), 1)]
    [[2, 0, -1], [1, 2, -1]]
    """
    end = np.arange(len(outcome), dtype=np.int64) + horizon
    late = (end >= len(outcome)) | (outcome == UNKNOWN)
    return Marks(np.where(late, UNKNOWN, outcome).astype(np.int8), np.where(late, -1, end))

"""Labels that do not overlap: from one to the next, what came of the former is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Int64s = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Windows:
    """Hold the chosen rows [m], the window of each [m], and when each window began and ended."""

    rows: Int64s
    owner: Int64s
    start: Int64s
    end: Int64s

    def __len__(self) -> int:
        return len(self.start)


def choose_windows(time: Int64s, end: Int64s) -> Windows:
    """Choose disjoint labels, earliest first, from rows in the order of time (ns UTC).

    A window has all rows of one moment (those of other instruments too, as they share much) and
    lasts until the last of their labels is known; the next one begins then or later.

    >>> choose_windows(np.array([0, 0, 1, 5]), np.array([3, 5, 4, 9])).rows.tolist()
    [0, 1, 3]
    """
    moments, first = np.unique(time, return_index=True)
    last = np.append(first[1:], len(time))
    ends = np.maximum.reduceat(end, first) if len(time) else end
    chosen, at = [], 0
    while at < len(moments):
        chosen.append(at)
        # A label that ends where it began would never let go.
        at = max(int(np.searchsorted(moments, ends[at])), at + 1)
    kept = np.array(chosen, np.int64)
    sizes = last[kept] - first[kept]
    owner = np.repeat(np.arange(len(kept)), sizes)
    begun = np.repeat(first[kept] - np.cumsum(sizes) + sizes, sizes)
    return Windows(begun + np.arange(len(owner)), owner, moments[kept], ends[kept])

"""Windows of feature rows, cut from bars that they share: nothing is copied until it is needed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Float32s = NDArray[np.float32]
Int64s = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Windows:
    """Hold n windows [n, length, k]: the rows [bars, k] of each end with row `last` [n].

    What is chosen of it shares the rows; `np.asarray` copies. Before the first row lies that row
    again, so whoever asks for such a window must know that it is not whole (see whole_windows).

    >>> found = Windows(np.arange(4, dtype=np.float32)[:, None], np.array([1, 3]), 2)
    >>> found.shape, np.asarray(found)[:, :, 0].tolist()
    ((2, 2, 1), [[0.0, 1.0], [2.0, 3.0]])
    """

    rows: Float32s
    last: Int64s
    length: int

    @property
    def shape(self) -> tuple[int, int, int]:
        """Return windows, rows a window, and features a row."""
        return len(self.last), self.length, self.rows.shape[1]

    @property
    def newest(self) -> Float32s:
        """Return the last row of each window [n, k]."""
        return self.rows[self.last]

    def __len__(self) -> int:
        return len(self.last)

    def __getitem__(self, chosen: slice | Bools | Int64s) -> Windows:
        return Windows(self.rows, self.last[chosen], self.length)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        if copy is False:
            raise ValueError("windows share their rows; an array of them is a copy")
        if len(self.last) == 1 and (end := int(self.last[0]) + 1) >= self.length:
            return np.array(self.rows[end - self.length : end], dtype)[None]
        at = self.last[:, None] + np.arange(1 - self.length, 1)
        return np.asarray(self.rows[np.maximum(at, 0)], dtype)


def as_windows(features: Float32s | Windows) -> Windows:
    """Return features [n, length, k] as windows, whatever holds them."""
    if isinstance(features, Windows):
        return features
    count, length, width = features.shape
    last = np.arange(1, count + 1, dtype=np.int64) * length - 1
    return Windows(features.reshape(count * length, width), last, length)


def narrow_windows(features: Float32s | Windows, length: int) -> Float32s | Windows:
    """Return the newest so many rows of each window, rows [n, k] for one; rows stay as they are.

    >>> wide = Windows(np.arange(4, dtype=np.float32)[:, None], np.array([3]), 3)
    >>> np.asarray(narrow_windows(wide, 1)).tolist(), narrow_windows(wide, 2).shape
    ([[3.0]], (1, 2, 1))
    """
    if not isinstance(features, Windows):
        return features
    return features.newest if length == 1 else Windows(features.rows, features.last, length)


def trim_windows(windows: Windows) -> Windows:
    """Return the windows with no rows but their own.

    >>> found = trim_windows(Windows(np.arange(5, dtype=np.float32)[:, None], np.array([3]), 2))
    >>> found.rows.tolist(), found.last.tolist()
    ([[2.0], [3.0]], [1])
    """
    at = windows.last[:, None] + np.arange(1 - windows.length, 1)
    used = np.unique(np.maximum(at, 0))
    return Windows(windows.rows[used], np.searchsorted(used, windows.last), windows.length)


def whole_windows(settled: Bools, length: int) -> Bools:
    """Return of each row whether it has settled, and the length - 1 rows before it, too.

    >>> whole_windows(np.array([False, True, True, True]), 2).tolist()
    [False, False, True, True]
    """
    seen = np.cumsum(np.concatenate(([0], settled)))
    found = np.zeros(len(settled), dtype=bool)
    found[length - 1 :] = seen[length:] - seen[:-length] == length
    return found

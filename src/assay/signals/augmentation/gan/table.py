"""The rows as the networks see them: scaled, flat, and with what each is given."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from assay.signals.features.rounding import round_mantissa
from assay.signals.models import Examples, Windows
from assay.signals.models.descent import OUTLYING, measure_rows
from assay.signals.models.windows import as_windows

if TYPE_CHECKING:
    from assay.runtime import ids

Float32s = NDArray[np.float32]
Int64s = NDArray[np.int64]


class Table:
    """Hold rows scaled by what they were, and what each is `given` [n, 1 + k'].

    That is its direction, -1 or 1, and of each feature that some rows lack whether it has it. A
    made row is given what a real one was, and lacks what that one lacks.
    """

    def __init__(self, like: Examples) -> None:
        told = like.features
        self._plain = not isinstance(told, Windows) and told.ndim == 2
        whole = as_windows(told if isinstance(told, Windows) or not self._plain else told[:, None])
        self._windows = whole
        newest = whole.newest
        self._mean, self._inverse = measure_rows(newest)
        self._known = np.isfinite(whole.rows)
        held = np.clip((whole.rows - self._mean) * self._inverse, -OUTLYING, OUTLYING)
        self._scaled = np.where(self._known, held, 0).astype(np.float32)
        self._low, self._high = self._scaled[whole.last].min(0), self._scaled[whole.last].max(0)
        self._likely = np.cumsum(like.weight) / like.weight.sum()
        known = self._known[whole.last]
        partly = known.any(axis=0) & ~known.all(axis=0)
        self.given = np.column_stack([2 * like.up - 1, known[:, partly]]).astype(np.float32)
        parts = (newest.tobytes(), like.up.tobytes(), like.weight.tobytes())
        self.digest = sha256(b"".join(parts)).hexdigest()

    @property
    def width(self) -> int:
        """Return how many numbers a row is."""
        _, length, features = self._windows.shape
        return length * features

    def choose(self, rng: ids.Generator, count: int) -> Int64s:
        """Return so many rows, drawn by their weights."""
        drawn = np.searchsorted(self._likely, rng.random(count), side="right")
        return np.minimum(drawn, len(self._likely) - 1)

    def take(self, chosen: Int64s) -> tuple[Float32s, Float32s]:
        """Return scaled rows [n, width], 0 where unknown, and which numbers are known, 1 or 0."""
        at = self._places(chosen)
        known = self._known[at].astype(np.float32)
        return self._scaled[at].reshape(len(at), -1), known.reshape(len(at), -1)

    def restore(self, scaled: Float32s, chosen: Int64s) -> Float32s:
        """Return made rows as features are, in their range, without what the chosen ones lack."""
        at = self._places(chosen)
        held = np.clip(scaled.reshape(*at.shape, -1), self._low, self._high)
        with np.errstate(divide="ignore", invalid="ignore"):
            told = self._mean + held / self._inverse
        made = round_mantissa(np.where(self._known[at], told, np.nan).astype(np.float32))
        return made[:, 0] if self._plain else made

    def _places(self, chosen: Int64s) -> Int64s:
        back = np.arange(1 - self._windows.length, 1)
        return np.maximum(self._windows.last[chosen, None] + back, 0)

"""The random forest that foretells what the bars ahead will turn out to be, served as ONNX."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from assay.model.errors import DataError, InvariantError
from assay.model.regimes import CELLS
from assay.signals.models import OnnxClassifier
from assay.signals.regimes.chain import CELL_OF, REGIMES, Float64s, Int64s
from assay.signals.regimes.scoring import score_classes

if TYPE_CHECKING:  # scikit-learn is loaded only where a forest is fitted
    from sklearn.ensemble import RandomForestClassifier

Float32s = NDArray[np.float32]
TREES = 100
DRAWN = 0.3
LEAF_SHARE, LEAF_MIN = 0.001, 20
LEAVES = 64
TILTS = (0.0, 0.25, 0.5, 0.75, 1.0)
"""How much rarer regimes are favoured: 0 says the likeliest, 1 weighs each against its share."""
HELD_BACK = 0.2
SEEDS = 2**32
PARITY = 1e-5


@dataclass(frozen=True)
class Forest:
    """Hold a fitted forest: its graph, the share [12] of each regime, and the tilts."""

    onnx: bytes
    shares: tuple[float, ...]
    tilt: float
    cell_tilt: float

    @cached_property
    def _served(self) -> OnnxClassifier:
        return OnnxClassifier(self.onnx)

    def foretell(self, rows: Float32s) -> Float32s:
        """Return the probability [n, 12] of each regime for rows [n, k]."""
        return self._served.predict_classes(rows)

    def choose(self, probable: Float32s) -> Int64s:
        """Return the regime [n] that stands out most against its share, as far as the tilt says."""
        return _choose(probable, np.array(self.shares), self.tilt)

    def choose_cell(self, cells: Float64s) -> Int64s:
        """Return the cell [n] that stands out most likewise, of the probabilities of cells."""
        return _choose(cells, sum_cells(np.array([self.shares]))[0], self.cell_tilt)


def sum_cells(probable: NDArray[np.floating]) -> Float64s:
    """Return the probability of each cell [n, 9] from those of the regimes [n, 12]."""
    found = np.zeros((len(probable), len(CELLS)))
    for regime, cell in enumerate(CELL_OF):
        found[:, cell] += probable[:, regime]
    return found


def fit_forest(rows: Float32s, labels: Int64s, *, gap: int, seed: int) -> Forest:
    """Return the forest fitted to rows [n, k] in order of time, whose labels are all known.

    The tilts are those with the best macro F1 on the last fifth, by a forest of the rows before it,
    `gap` rows left out between. Raises DataError where the labels are of one regime.
    """
    if len(np.unique(labels)) < 2:
        raise DataError("all bars to fit on had one regime; give more bars")
    shares = np.bincount(labels, minlength=REGIMES) / len(labels)
    cut = int(len(rows) * (1 - HELD_BACK))
    early = OnnxClassifier(_grow(rows[: cut - gap], labels[: cut - gap], seed))
    probable, came = early.predict_classes(rows[cut:]), labels[cut:]
    of_cells = sum_cells(shares[None, :])[0]
    tilt = _best_tilt(probable, came, shares)
    cell_tilt = _best_tilt(sum_cells(probable), CELL_OF[came], of_cells)
    return Forest(_grow(rows, labels, seed), tuple(shares.tolist()), tilt, cell_tilt)


def _best_tilt(probable: NDArray[np.floating], came: Int64s, shares: Float64s) -> float:
    reached = [
        score_classes(came, _choose(probable, shares, tilt), len(shares)).f1 for tilt in TILTS
    ]
    return TILTS[int(np.argmax(reached))]


def _choose(probable: NDArray[np.floating], shares: Float64s, tilt: float) -> Int64s:
    weight = np.where(shares > 0, np.maximum(shares, 1e-6) ** -tilt, 0.0)
    return np.argmax(probable * weight, axis=1).astype(np.int64)


def _grow(rows: Float32s, labels: Int64s, seed: int) -> bytes:
    from sklearn.ensemble import RandomForestClassifier

    from assay.signals.models.random_forest.graph import classes_to_onnx

    forest = RandomForestClassifier(
        TREES, random_state=seed % SEEDS, max_samples=DRAWN, max_leaf_nodes=LEAVES,
        min_samples_leaf=max(LEAF_MIN, int(LEAF_SHARE * len(rows))), max_features="sqrt", n_jobs=1,
    ).fit(rows, labels)  # fmt: skip
    width = rows.shape[1]
    found = classes_to_onnx(forest.estimators_, width, np.asarray(forest.classes_), REGIMES)
    _check(found, forest, rows)
    return found


def _check(onnx: bytes, forest: RandomForestClassifier, rows: Float32s) -> None:
    some = rows[:: max(1, len(rows) // 1000)]
    told = OnnxClassifier(onnx).predict_classes(some)[:, forest.classes_]
    apart = float(np.abs(told - forest.predict_proba(some)).max())
    if apart > PARITY:
        raise InvariantError(f"the forest's graph is {apart:.2g} off the forest; report this")

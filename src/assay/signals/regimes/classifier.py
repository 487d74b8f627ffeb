"""One class that says the regime of every bar, and its twin that says it bar by bar."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from assay.kernel.compiling import bind_types
from assay.model.errors import DataError
from assay.model.messages import BarClosed
from assay.model.regimes import CELLS, Regime
from assay.signals.features import (
    BarColumns,
    FeatureSet,
    FeatureStream,
    compute_features,
    round_mantissa,
)
from assay.signals.regimes.chain import CELL_OF, REGIMES, Chain, Float64s, Int64s
from assay.signals.regimes.features import MOVE, regime_set
from assay.signals.regimes.filtering import NONE, POSTERIOR, run_filter
from assay.signals.regimes.fitting import fit_chain
from assay.signals.regimes.forest import Float32s, Forest, fit_forest, sum_cells
from assay.signals.regimes.labelling import Rules, fit_rules, label_bars

MANY_CELLS = len(CELLS)
WIDTH = REGIMES + MANY_CELLS + 2
FORGOTTEN = 1e-9
THIN = 8
"""The forest learns from every bar whose label shares at most 1 - 1/THIN of its bars with the last.
"""


@dataclass(frozen=True, slots=True)
class Classified:
    """Hold what is said after each bar [n]; NONE and NaN where it has not settled.

    `regime` and `cell` are confirmed, with their probabilities as confidences; `posterior`
    [n, 12] is that of every regime. `ahead` and `ahead_cell` are what the bars ahead are foretold
    to turn out to be, and `foretold` [n, 12] how probable each regime is.
    """

    regime: Int64s
    confidence: Float64s
    cell: Int64s
    cell_confidence: Float64s
    ahead: Int64s
    ahead_confidence: Float64s
    ahead_cell: Int64s
    ahead_cell_confidence: Float64s
    posterior: Float64s
    foretold: Float32s

    @property
    def settled(self) -> NDArray[np.bool_]:
        """Return where something is said."""
        return self.regime != NONE


class Reading(NamedTuple):
    """Hold what is said after one bar; None and NaN where it has not settled."""

    regime: Regime | None
    confidence: float
    cell: int | None
    cell_confidence: float
    ahead: Regime | None
    ahead_confidence: float
    ahead_cell: int | None
    ahead_cell_confidence: float


@dataclass(frozen=True, slots=True)
class Classifier:
    """Tell the regimes of one instrument: by a filter what is, by a forest what is ahead."""

    features: FeatureSet
    chain: Chain
    rules: Rules
    forest: Forest

    @property
    def settling(self) -> int:
        """Return after how many bars it has forgotten where it began."""
        follow = self.chain.arrays()[1]
        slowest = float(np.sort(np.abs(np.linalg.eigvals(follow)))[-2])
        return self.features.settling + math.ceil(math.log(FORGOTTEN) / math.log(slowest))

    @property
    def digest(self) -> str:
        """Return 64 hex digits over all that its answers depend on."""
        whole = sha256(f"{self.features.digest} {self.chain.digest}".encode())
        whole.update(
            msgspec.json.encode(
                (self.rules, self.forest.shares, self.forest.tilt, self.forest.cell_tilt)
            )
        )
        whole.update(self.forest.onnx)
        return whole.hexdigest()

    def classify(self, bars: BarColumns) -> Classified:
        """Return what is said after each bar; equal to that of `stream` to the bit."""
        features = compute_features(self.features, bars)
        rows = filter_bars(self.chain, seen_of(features))
        return self._tell(features, rows, np.arange(len(bars)) >= self.settling - 1)

    def stream(self) -> RegimeStream:
        """Return the twin that is given one bar at a time."""
        return RegimeStream(self)

    def label(self, bars: BarColumns) -> Int64s:
        """Return the regime that the bars ahead turned out to have, UNKNOWN (-1) if not over."""
        return label_bars(self.rules, seen_of(compute_features(self.features, bars)))

    def _tell(self, features: Float32s, rows: Float64s, settled: NDArray[np.bool_]) -> Classified:
        count = len(rows)
        foretold = np.full((count, REGIMES), np.nan, np.float32)
        ahead, ahead_cell = np.full((2, count), NONE, np.int64)
        ahead_cells = np.full((count, MANY_CELLS), np.nan)
        if settled.any():
            foretold[settled] = self.forest.foretell(_join(features, rows)[settled])
            ahead[settled] = self.forest.choose(foretold[settled])
            ahead_cells[settled] = sum_cells(foretold[settled])
            ahead_cell[settled] = self.forest.choose_cell(ahead_cells[settled])
        regime, cell = rows[:, -2].astype(np.int64), rows[:, -1].astype(np.int64)
        posterior, cells = rows[:, :REGIMES], rows[:, REGIMES : REGIMES + MANY_CELLS]
        return Classified(
            np.where(settled, regime, NONE), _confidence(posterior, regime, settled),
            np.where(settled, cell, NONE), _confidence(cells, cell, settled),
            ahead, _confidence(foretold, ahead, settled),
            ahead_cell, _confidence(ahead_cells, ahead_cell, settled),
            np.where(settled[:, None], posterior, np.nan), foretold,
        )  # fmt: skip


class RegimeStream:
    """Say the regime after each finished bar of one instrument."""

    def __init__(self, classifier: Classifier) -> None:
        self._classifier = classifier
        self._digest = bytes.fromhex(classifier.digest)
        self._settling = classifier.settling
        self._features = FeatureStream(classifier.features)
        self._state = np.zeros(POSTERIOR + REGIMES)
        self._seen, self._row = np.empty((1, MOVE + 1)), np.empty((1, WIDTH))
        self._given = (
            classifier.chain.arrays(), CELL_OF, self._state, self._seen, self._row
        )  # fmt: skip
        self._run = bind_types(run_filter, *self._given)

    @property
    def is_settled(self) -> bool:
        """Tell whether it saw enough bars to have forgotten where it began."""
        return self._features.bars >= self._settling

    def push(self, bar: BarClosed) -> Reading:
        """Return what is said after this bar."""
        features = self._features.push(bar)[None, :]
        self._seen[:] = seen_of(features)
        self._run(*self._given)
        told = self._classifier._tell(features, self._row, np.array([self.is_settled]))
        if not self.is_settled:
            return Reading(*(None, math.nan) * 4)
        regime, cell = int(told.regime[0]), int(told.cell[0])
        return Reading(
            None if regime == NONE else Regime(regime), float(told.confidence[0]),
            None if cell == NONE else cell, float(told.cell_confidence[0]),
            Regime(int(told.ahead[0])), float(told.ahead_confidence[0]),
            int(told.ahead_cell[0]), float(told.ahead_cell_confidence[0]),
        )  # fmt: skip

    def load(self, bars: BarColumns) -> Classified:
        """Step over many bars at once; what it says equals that of `push` to the bit."""
        before = self._features.bars
        features = self._features.load(bars)
        rows = np.empty((len(bars), WIDTH))
        run_filter(*self._given[:3], seen_of(features), rows)
        settled = before + np.arange(len(bars)) >= self._settling - 1
        return self._classifier._tell(features, rows, settled)

    @property
    def bars(self) -> int:
        """Return how many bars it has seen."""
        return self._features.bars

    def snapshot(self) -> bytes:
        """Return the bytes of everything its future depends on."""
        return self._digest + self._state.tobytes() + self._features.snapshot()

    def restore(self, state: bytes) -> None:
        """Bring it to a state taken before; raise DataError for that of another classifier."""
        start, end = len(self._digest), len(self._digest) + self._state.nbytes
        if state[:start] != self._digest or len(state) <= end:
            raise DataError(
                f"the state is not of this classifier ({self._digest.hex()[:12]}); load "
                f"{self._settling} bars afresh"
            )
        self._features.restore(state[end:])
        self._state[:] = np.frombuffer(state[start:end])


def fit_classifier(
    bars: BarColumns,
    timeframe: int,
    *,
    ahead: int,
    seed: int = 1,
    on_stage: Callable[[str, float], None] | None = None,
) -> Classifier:
    """Return the classifier fitted to bars of one instrument (length in ns), and to no others.

    Labels that need a bar after the last are unknown and left out. Equal arguments give equal
    classifiers. Raises DataError for too few bars and for a market that stands still.
    """
    tell = on_stage or (lambda _stage, _share: None)
    chosen = regime_set(timeframe, ahead)
    tell("describing bars", 0.0)
    features = compute_features(chosen, bars)
    settled = np.arange(len(bars)) >= chosen.settling - 1
    seen = seen_of(features)
    chain, _ = fit_chain(seen[settled], lambda done, most: tell("fitting the chain", done / most))
    rules = fit_rules(seen[settled], ahead)
    labels = label_bars(rules, seen)
    tell("growing the forest", 0.0)
    rows = filter_bars(chain, seen)
    step = max(1, ahead // THIN)
    taught = np.flatnonzero(settled & (labels >= 0))[::step]
    forest = fit_forest(
        _join(features, rows)[taught], labels[taught], gap=-(-ahead // step), seed=seed
    )
    tell("growing the forest", 1.0)
    return Classifier(chosen, chain, rules, forest)


def seen_of(features: Float32s) -> Float64s:
    """Return what the filter sees [n, 3] of features [n, k] of regime_set."""
    return np.ascontiguousarray(features[:, : MOVE + 1], dtype=np.float64)


def filter_bars(chain: Chain, seen: Float64s) -> Float64s:
    """Return what the filter says after each bar [n, 12 + 9 + 2]; see run_filter."""
    rows = np.empty((len(seen), WIDTH))
    run_filter(chain.arrays(), CELL_OF, np.zeros(POSTERIOR + REGIMES), seen, rows)
    return rows


def _join(features: Float32s, rows: Float64s) -> Float32s:
    """Return what the forest sees: the features, and what the filter says of each regime."""
    return np.hstack([features, round_mantissa(rows[:, :REGIMES].astype(np.float32))])


def _confidence(probable: Float64s, said: Int64s, settled: NDArray[np.bool_]) -> Float64s:
    known = settled & (said != NONE)
    found = np.full(len(said), np.nan)
    found[known] = probable[known, said[known]]
    return found

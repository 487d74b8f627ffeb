"""Step a whole set, what its loop takes from beside included; one bar or many, the same code."""

from __future__ import annotations

import numpy as np

from assay.kernel.compiling import bind_types
from assay.model.time import SECOND
from assay.signals.features.definition import FeatureSet, Longer
from assay.signals.features.folding import CLOSES, ENDS, OPEN_BAR, fold_bars, mark_bars
from assay.signals.features.layout import COUNT, Layout
from assay.signals.features.leaders import Float32s
from assay.signals.features.loop import run_features
from assay.signals.streams.columns import COLUMN_NAMES, QUOTES, WIDTH, Float64s, Int64s
from assay.signals.streams.own import OwnSteps, count_state, own_among

CONSTANTS = 2
"""The values that every set begins with, which nobody needs to be told."""


class Steps:
    """Step a set's own features; all that its future depends on lies in `memory`.

    That is the memory of the loop, the states of a tenant's own indicators, and of each longer
    length the bar in the making, what the last one told and the memory of its own set.
    """

    def __init__(self, feature_set: FeatureSet, memory: Float64s | None = None) -> None:
        layout, own = Layout(feature_set), own_among(feature_set.uses)
        begin, end = layout.memory_size, layout.memory_size + count_state(own)
        self.memory = np.empty(count_memory(feature_set)) if memory is None else memory
        self.memory[begin:] = 0.0
        layout.clear(self.memory[:begin])
        self._own = OwnSteps(own, self.memory[begin:end])
        self._longer, column = [], sum(len(each.refs) for each in own)
        for each in feature_set.longer:
            begin, end = end, end + _count_longer(each)
            columns = slice(column, column + len(each.refs))
            steps = LongerSteps(each, feature_set.timeframe, self.memory[begin:end])
            self._longer.append((steps, columns))
            column = columns.stop
        self._is_alone = column == 0
        self._bar, self._beside = np.full((1, WIDTH), np.nan), np.zeros((1, column))
        self._row = np.zeros((1, len(feature_set.own_names)), dtype=np.float32)
        self._arrays, self._loop_memory = layout.arrays, self.memory[: layout.memory_size]
        self._given = (self._arrays, self._loop_memory, self._beside, self._bar, self._row)
        self._run = bind_types(run_features, *self._given)
        first, count = layout.sizes[1:3]
        self._values = self.memory[first : first + count]

    @property
    def bars(self) -> int:
        """Return how many bars it has seen."""
        return int(self.memory[COUNT])

    @property
    def bar(self) -> Float64s:
        """Return the row [WIDTH] that the next step reads, to be written into."""
        row: Float64s = self._bar[0]
        return row

    def step(self, close: int) -> Float32s:
        """Return the features [own] after the bar that was written, which closed then (ns UTC)."""
        if not self._is_alone:
            self._fill(np.array([close]), self._bar, self._beside)
        self._run(*self._given)
        return np.array(self._row[0])

    def step_values(self, row: Float64s) -> Float64s:
        """Return every value but the constants after a bar [7] of a set without longer bars."""
        self._bar[0, :QUOTES] = row
        self._own.run(self._bar, self._beside)
        self._run(*self._given)
        return self._values[CONSTANTS:]

    def run(self, closes: Int64s, bars: Float64s) -> Float32s:
        """Return the features [n, own] of bars [n, WIDTH] by their closes (ns UTC)."""
        rows = np.empty((len(bars), self._row.shape[1]), dtype=np.float32)
        beside = np.empty((len(bars), self._beside.shape[1]))
        self._fill(closes, bars, beside)
        self._run(self._arrays, self._loop_memory, beside, bars, rows)
        return rows

    def _fill(self, closes: Int64s, bars: Float64s, beside: Float64s) -> None:
        self._own.run(bars, beside)
        for steps, columns in self._longer:
            beside[:, columns] = steps.run(closes, bars)


class LongerSteps:
    """Fold bars into longer ones, step their set, and tell what the last that closed told."""

    def __init__(self, longer: Longer, timeframe: int, memory: Float64s) -> None:
        told = OPEN_BAR + len(longer.refs)
        self._lengths = timeframe, longer.timeframe
        self._open_bar, self._told = memory[:OPEN_BAR], memory[OPEN_BAR:told]
        self._open_bar[:], self._told[:] = 0.0, np.nan
        self._steps = Steps(longer.features, memory[told:])
        self._marks = np.zeros((1, 3))
        rows, seen = np.zeros((1, len(COLUMN_NAMES))), np.zeros(1, dtype=np.int64)
        self._fold = bind_types(fold_bars, self._open_bar, self._marks, rows, rows, seen)

    def run(self, closes: Int64s, bars: Float64s) -> Float64s:
        """Return what was told by the close of each bar [n, terms], NaN before the first."""
        marks = self._mark(closes)
        most = 2 + int(np.count_nonzero(np.diff(marks[:, ENDS])))
        closed, seen = np.empty((most, len(COLUMN_NAMES))), np.empty(len(bars), dtype=np.int64)
        count = self._fold(self._open_bar, marks, bars, closed, seen)
        told = np.empty((count + 1, len(self._told)))
        told[0] = self._told
        for place in range(count):
            told[place + 1] = self._steps.step_values(closed[place])
        self._told[:] = told[-1]
        return told[seen]

    def _mark(self, closes: Int64s) -> Float64s:
        """Return the marks of bars; a single one of the same longer bar needs no calendar."""
        held = self._marks
        if len(closes) == 1 and held[0, CLOSES] < closes[0] // SECOND <= held[0, ENDS]:
            held[0, CLOSES] = closes[0] // SECOND
            return held
        marks = mark_bars(closes, *self._lengths)
        if len(marks):
            self._marks = marks[-1:].copy()
        return marks


def count_memory(feature_set: FeatureSet) -> int:
    """Return how many numbers the memory of a set takes."""
    own = count_state(own_among(feature_set.uses))
    longer = sum(map(_count_longer, feature_set.longer))
    return Layout(feature_set).memory_size + own + longer


def _count_longer(longer: Longer) -> int:
    return OPEN_BAR + len(longer.refs) + count_memory(longer.features)

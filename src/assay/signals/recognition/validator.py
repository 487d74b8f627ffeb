"""The pattern validator: what a bar shows and what that is worth, live and over whole columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from assay.model.messages import BarClosed
from assay.signals.recognition.catalogue import PATTERNS
from assay.signals.recognition.judging import DOWN, UP, Found, Judge, Judgement, Terms
from assay.signals.recognition.pattern import Pattern
from assay.signals.recognition.shapes import (
    SHAPE_SPAN,
    Float32s,
    MemoryShapes,
    ShapeStore,
    shape_of,
)
from assay.signals.recognition.stream import Int16s, PatternStream, find_patterns
from assay.signals.streams.columns import BarColumns

PROGRESS_BARS = 20_000


class PatternValidator:
    """Find and judge patterns, one finished bar of one instrument at a time."""

    def __init__(
        self,
        patterns: Sequence[Pattern] = PATTERNS,
        terms: Terms | None = None,
        store: ShapeStore | None = None,
    ) -> None:
        self._stream = PatternStream(patterns)
        self._judge = Judge(terms or Terms(), store or MemoryShapes())
        self._bar = -1

    def push(self, bar: BarClosed) -> list[Judgement]:
        """Return a judgement for each pattern that this bar completes, by what is known now."""
        return self._judge.judge(*self._see(bar))

    def learn(self, bar: BarClosed) -> None:
        """Take a bar of the past, of whose patterns nobody is told: many times as fast."""
        self._judge.note(*self._see(bar))

    def _see(self, bar: BarClosed) -> tuple[tuple[Found, ...], Float32s | None]:
        self._bar += 1
        row = self._stream.push(bar)
        self._judge.step(bar.open, bar.close, bar.ts_event)
        if not row.any():
            return (), None
        found = _name(row, self._stream.patterns, self._bar, bar.ts_event, bar.spread_close)
        return found, shape_of(self._stream.bars)


def scan(
    columns: BarColumns,
    patterns: Sequence[Pattern] = PATTERNS,
    terms: Terms | None = None,
    store: ShapeStore | None = None,
    on_progress: Callable[[float], None] | None = None,
) -> list[Judgement]:
    """Return what `PatternValidator` says of all these bars, found over the columns at once.

    `on_progress` is told the share done.
    """
    rows, judge = columns.to_rows(), Judge(terms or Terms(), store or MemoryShapes())
    finds = find_patterns(columns, patterns)
    shown = set(np.flatnonzero(finds.any(axis=1)).tolist())
    opens, closes, times = (
        values.tolist() for values in (columns.open, columns.close, columns.ts_close)
    )
    judgements: list[Judgement] = []
    for bar in range(len(columns)):
        judge.step(opens[bar], closes[bar], times[bar])
        if bar in shown:
            found = _name(finds[bar], patterns, bar, times[bar], int(columns.spread[bar]))
            shape = shape_of(rows[max(0, bar + 1 - SHAPE_SPAN) : bar + 1])
            judgements += judge.judge(found, shape)
        if on_progress and bar % PROGRESS_BARS == 0:
            on_progress(bar / len(columns))
    return judgements


def _name(
    row: Int16s, patterns: Sequence[Pattern], bar: int, ts_close: int, spread: int
) -> tuple[Found, ...]:
    return tuple(
        Found(
            bar, ts_close, patterns[place].name, UP if row[place] > 0 else DOWN,
            abs(int(row[place])), spread,
        )
        for place in np.flatnonzero(row).tolist()
    )  # fmt: skip

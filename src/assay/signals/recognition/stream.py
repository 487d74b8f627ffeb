"""Patterns one bar at a time, and the same over whole columns."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from assay.kernel.compiling import bind_types
from assay.model.errors import DataError, UsageError
from assay.model.messages import BarClosed
from assay.signals.recognition.catalogue import PATTERNS
from assay.signals.recognition.loop import run_patterns
from assay.signals.recognition.pattern import Pattern
from assay.signals.recognition.swings import CHART_SPAN, MOST
from assay.signals.streams.columns import COLUMN_NAMES, BarColumns, Float64s, Int64s, write_row

Int16s = NDArray[np.int16]


def choose_patterns(names: Sequence[str] = ()) -> tuple[Pattern, ...]:
    """Return the patterns of these names, all where none is given; UsageError for an unknown one.

    >>> [pattern.name for pattern in choose_patterns(["hammer", "flag"])]
    ['flag', 'hammer']
    """
    known = [pattern.name for pattern in PATTERNS]
    for name in names:
        if name not in known:
            raise UsageError(f"pattern {name!r} is unknown; use one of {', '.join(known)}")
    return tuple(pattern for pattern in PATTERNS if not names or pattern.name in names)


class PatternStream:
    """Find a choice of patterns, one finished bar at a time.

    Beside the last bars there is no state: what is found at a bar depends on the bars of its span.
    """

    def __init__(self, patterns: Sequence[Pattern] = PATTERNS) -> None:
        self.patterns = tuple(patterns)
        self._bars = np.zeros((2 * CHART_SPAN, len(COLUMN_NAMES)))
        self._row = np.zeros((1, len(self.patterns)), dtype=np.int16)
        self._codes, self._swings = lay_out(self.patterns)
        self._run = bind_types(run_patterns, self._bars, 0, self._codes, self._swings, self._row)
        self._count = 0

    @property
    def bars(self) -> Float64s:
        """Return the bars that are held, the newest last; a view that the next push changes."""
        return self._bars[: self._count]

    def push(self, bar: BarClosed) -> Int16s:
        """Return, of each pattern, the bars it covers, signed by its side, 0 where there is none.

        The array is written anew at each bar.
        """
        if self._count == len(self._bars):
            kept = CHART_SPAN - 1
            self._bars[:kept] = self._bars[-kept:]
            self._count = kept
        write_row(bar, self._bars[self._count])
        self._run(self._bars, self._count, self._codes, self._swings, self._row)
        self._count += 1
        found: Int16s = self._row[0]
        return found

    def snapshot(self) -> bytes:
        """Return the bytes of the bars that later finds depend on."""
        return self.bars[-CHART_SPAN:].tobytes()

    def restore(self, state: bytes) -> None:
        """Bring the stream to a state taken before; raise DataError for what is none."""
        row = self._bars[0].nbytes
        if len(state) % row or len(state) > CHART_SPAN * row:
            raise DataError(
                f"a state of {len(state)} bytes is not of at most {CHART_SPAN} bars of {row}; "
                "load the bars afresh"
            )
        held = np.frombuffer(state).reshape(-1, len(COLUMN_NAMES))
        self._bars[: len(held)] = held
        self._count = len(held)


def find_patterns(columns: BarColumns, patterns: Sequence[Pattern] = PATTERNS) -> Int16s:
    """Return [bars, patterns] what `PatternStream.push` gives at each bar."""
    codes, swings = lay_out(patterns)
    rows = np.zeros((len(columns), len(patterns)), dtype=np.int16)
    run_patterns(columns.to_rows(), 0, codes, swings, rows)
    return rows


def lay_out(patterns: Sequence[Pattern]) -> tuple[Int64s, Float64s]:
    """Return place and span of each pattern [patterns, 2], and room for swings."""
    places = {pattern.name: place for place, pattern in enumerate(PATTERNS)}
    codes = [(places[pattern.name], pattern.span) for pattern in patterns]
    return np.array(codes, dtype=np.int64).reshape(-1, 2), np.zeros((1 + MOST, 2))

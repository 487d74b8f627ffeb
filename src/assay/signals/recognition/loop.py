"""The compiled loop over bars; a stream runs it one bar at a time."""

from __future__ import annotations

from assay.kernel.compiling import allocation_free
from assay.signals.recognition.catalogue import find_one
from assay.signals.recognition.swings import read_swings


@allocation_free
def run_patterns(bars, first, codes, swings, rows):  # type: ignore[no-untyped-def]
    """Write what each pattern finds into rows [n, patterns], from bar `first` of bars [m, 7] on.

    codes [patterns, 2]: place in the catalogue, and how many bars there must be.
    """
    for t in range(first, first + len(rows)):
        read_swings(bars, t, swings)
        for i in range(len(codes)):
            is_warm = t + 1 >= codes[i, 1]
            rows[t - first, i] = find_one(codes[i, 0], bars, t, swings) if is_warm else 0

"""Compile the loop over patterns, so that no bar waits for the compiler.

Run by `make install`: python -m assay.signals.recognition.compile
"""

from __future__ import annotations

import sys

import numpy as np

from assay.signals.recognition.stream import PatternStream, find_patterns
from assay.signals.streams.columns import BarColumns


def compile_all() -> None:
    """Find nothing in no bars, and bind the loop that a stream runs."""
    sys.stderr.write("compiling the patterns\n")
    none = np.zeros(0, dtype=np.int64)
    find_patterns(BarColumns(none, none, none, none, none, none))
    PatternStream()


if __name__ == "__main__":
    compile_all()

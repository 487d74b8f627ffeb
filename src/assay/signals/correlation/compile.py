"""Compile the loops of the correlation engine, so that no bar waits for the compiler.

Run by `make install`: python -m assay.signals.correlation.compile
"""

from __future__ import annotations

import sys

import numpy as np

from assay.model.time import MINUTE
from assay.signals.correlation.alignment import Closes, align_returns
from assay.signals.correlation.analysis import analyse
from assay.signals.correlation.stream import Estimator

ROWS = 300


def compile_all() -> None:
    """Find nothing in two made-up instruments, by both kinds of weights."""
    sys.stderr.write("compiling the correlations\n")
    times = MINUTE * np.arange(1, ROWS + 1)
    steps = np.arange(ROWS, dtype=np.float64)
    made = [Closes(name, times, 2 + np.sin(turn * steps)) for name, turn in (("A", 2), ("B", 3))]
    returns = align_returns(made, MINUTE)
    for method in ("rolling", "ewm"):
        analyse(returns, Estimator(method, window=40, half_life=10), 1)


if __name__ == "__main__":
    compile_all()

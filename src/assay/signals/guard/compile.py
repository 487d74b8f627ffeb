"""Compile the step of a guard, so that no bar waits for the compiler.

Run by `make install`: python -m assay.signals.guard.compile
"""

from __future__ import annotations

import sys

import numpy as np

from assay.kernel.records import FORECAST
from assay.signals.guard.guard import Guard
from assay.signals.guard.watch import Watch


def compile_all() -> None:
    """Compile the loop on no bars."""
    sys.stderr.write("compiling the guard of models\n")
    none = np.zeros(0, dtype=np.int64)
    Guard(Watch(), 1).follow(np.zeros(0, FORECAST), none, none)


if __name__ == "__main__":
    compile_all()

"""Compile the filter of regimes and the loop that fits it, so that no bar waits for the compiler.

Run by `make install`: python -m assay.signals.regimes.compile
"""

from __future__ import annotations

import sys

import numpy as np

from assay.signals.regimes.chain import CELL_OF, REGIMES
from assay.signals.regimes.classifier import WIDTH
from assay.signals.regimes.filtering import POSTERIOR, run_filter
from assay.signals.regimes.fitting import gather


def compile_all() -> None:
    """Step the filter over no bars, and look back from two that say nothing."""
    sys.stderr.write("compiling the regimes\n")
    same = np.full((REGIMES, REGIMES), 1.0 / REGIMES)
    chain = np.ones((REGIMES, 5)), same, same[0].copy()
    nothing = np.zeros(POSTERIOR + REGIMES), np.empty((0, 3)), np.empty((0, WIDTH))
    run_filter(chain, CELL_OF, *nothing)
    gather(chain, np.zeros(2), np.zeros(2))


if __name__ == "__main__":
    compile_all()

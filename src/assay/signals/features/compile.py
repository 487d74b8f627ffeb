"""Compile the loops of indicators and features, so that no bar waits for the compiler.

Run by `make install`: python -m assay.signals.features.compile
"""

from __future__ import annotations

import sys

import numpy as np

from assay.model.time import HOUR, MINUTE
from assay.signals.features.definition import FeatureSet, Longer
from assay.signals.features.standard import standard_set
from assay.signals.features.stream import FeatureStream
from assay.signals.streams.columns import BarColumns
from assay.signals.streams.stream import compute_indicators


def compile_all() -> None:
    """Compile the loops on no bars, that which folds bars into longer ones included."""
    sys.stderr.write("compiling the indicators and features\n")
    empty = np.zeros(0, dtype=np.int64)
    none = BarColumns(empty, empty, empty, empty, empty, empty)
    chosen = standard_set(MINUTE)
    hours = FeatureSet("hours", 1, (), (), timeframe=MINUTE, longer=(Longer(HOUR, chosen),))
    FeatureStream(hours).load(none)
    compute_indicators(chosen.uses, none)


if __name__ == "__main__":
    compile_all()

"""Cut time into fit, stop and calibrate, with what overlaps purged and an embargo between.

Source: M. Lopez de Prado, Advances in Financial Machine Learning, 2018, sections 7.4.1, 7.4.2.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assay.model.errors import DataError
from assay.signals.training.rows import Rows

Bools = NDArray[np.bool_]
FIT_SHARE, STOP_SHARE = 0.60, 0.10
ROWS_MIN = 200


@dataclass(frozen=True, slots=True)
class Split:
    """Hold which rows fit, which tell when to stop, and which calibrate; and the embargo (ns)."""

    fit: Bools
    stop: Bools
    calibrate: Bools
    embargo: int


def split_rows(rows: Rows) -> Split:
    """Cut the rows by time; no label of one span reaches into the next, across all instruments.

    Each span begins an embargo, the longest label, after the end of the one before. Raises
    DataError where a span has too few rows.
    """
    if not len(rows):
        raise DataError("no bar has a label; give more data or a shorter horizon")
    embargo = int((rows.end - rows.time).max())
    edges = np.quantile(rows.time, [FIT_SHARE, FIT_SHARE + STOP_SHARE], method="nearest")
    first, second = (int(edge) for edge in edges)
    fit = rows.end < first
    stop = (rows.time >= first + embargo) & (rows.end < second)
    calibrate = rows.time >= second + embargo
    for name, chosen in (("fit", fit), ("stop", stop), ("calibrate", calibrate)):
        if int(chosen.sum()) < ROWS_MIN:
            raise DataError(
                f"{int(chosen.sum())} rows are left to {name} with, {ROWS_MIN} are needed; "
                "give more data or a shorter horizon"
            )
    return Split(fit, stop, calibrate, embargo)

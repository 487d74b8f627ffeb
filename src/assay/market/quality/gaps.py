"""Holes inside the trading session: reported, never filled."""

from __future__ import annotations

import numpy as np

from assay.market.series import BarSeries, Int64s, Series
from assay.model.calendar import session_time
from assay.model.errors import UsageError
from assay.model.instruments import ROLLOVER_BREAK, instrument_for


def find_gaps(series: Series, tolerance: int = ROLLOVER_BREAK) -> Int64s:
    """Return rows (from, to, open time missed), in ns, of holes longer than `tolerance`.

    A hole runs from the end of one bar (or from one tick) to the next; only the time in which the
    instrument's session was open counts. A symbol without a known session counts all time.
    """
    time = series.time
    if len(time) < 2:
        return np.zeros((0, 3), dtype=np.int64)
    length = int(series.timeframe) if isinstance(series, BarSeries) else 0
    begin, end = np.minimum(time[:-1] + length, time[1:]), time[1:]
    try:
        instrument = instrument_for(series.symbol)
    except UsageError:
        missed = end - begin
    else:
        missed = session_time(instrument, end) - session_time(instrument, begin)
    rows = np.flatnonzero(missed > tolerance)
    return np.column_stack([begin[rows], end[rows], missed[rows]])

"""The gaps with which markets open after weekends and holidays, from recorded prices."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from assay.market.series import BarSeries, TickSeries
from assay.market.sources.parquet import read_parquet
from assay.model.errors import UsageError
from assay.trading.risk.acts.pauses import LEAST_GAPS, MILLION, PAUSE, gap_quantile


def measure_gaps(files: Sequence[Path]) -> list[dict[str, Any]]:
    """Return the gaps of each file: how many, the median and the largest, and the 99 % quantile.

    They are basis points of the price before the pause; the quantile is None where too few are
    known.
    """
    if not files:
        raise UsageError("no data given; name at least one Parquet file with --data")
    return [_tell(one, gaps_of(one)) for one in (read_parquet(path) for path in files)]


def gaps_of(series: BarSeries | TickSeries) -> list[int]:
    """Return each gap after a pause of a day or more, in millionths of the price before it."""
    if isinstance(series, BarSeries):
        opened, closed = series.ts_open[1:], series.ts_open[:-1] + int(series.timeframe)
        after, before = series.open[1:], series.close[:-1]
    else:
        opened, closed = series.ts[1:], series.ts[:-1]
        after, before = series.bid[1:], series.bid[:-1]
    paused = opened - closed >= PAUSE
    gaps = np.abs(after[paused] - before[paused]) * MILLION // before[paused]
    return [int(gap) for gap in gaps]


def _tell(series: BarSeries | TickSeries, gaps: list[int]) -> dict[str, Any]:
    p99 = gap_quantile(gaps)
    return {
        "symbol": series.symbol, "pauses": len(gaps), "needed": LEAST_GAPS,
        "median_bp": float(np.median(gaps)) / 100 if gaps else None,
        "p99_bp": None if p99 is None else p99 / 100,
        "largest_bp": max(gaps) / 100 if gaps else None,
    }  # fmt: skip

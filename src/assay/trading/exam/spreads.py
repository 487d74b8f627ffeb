"""Spread by hour of the server's week: 168 cells, those never seen left absent."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import NamedTuple

import numpy as np

from assay.trading.exam.estimates import Estimate, resample
from assay.trading.exam.findings import Finding, of_estimate
from assay.trading.exam.record import ExamRecord
from assay.trading.terminal.profile import HOURS_A_WEEK

_SEED = 11
_RESAMPLES = 60


class Cell(NamedTuple):
    """Hold the spread of one hour of the week, in points, and the quotes and hours behind it."""

    hour: int
    spread: Estimate
    ticks: int
    hours: int


def cells_of(record: ExamRecord, symbol: str) -> list[Cell]:
    """Return the cells that were seen, each with the interval of its minutes' mean."""
    minutes: dict[int, list[float]] = defaultdict(list)
    ticks: dict[int, int] = defaultdict(int)
    hours: dict[int, int] = defaultdict(int)
    for seen in record.hours:
        if seen.symbol == symbol:
            minutes[seen.hour] += seen.minutes
            ticks[seen.hour] += seen.ticks
            hours[seen.hour] += 1
    return [
        Cell(
            hour,
            resample(
                np.array(values), lambda part: float(np.mean(part)), _SEED + hour, _RESAMPLES
            ),
            ticks[hour], hours[hour],
        )
        for hour, values in sorted(minutes.items())
    ]  # fmt: skip


def cell_spreads(record: ExamRecord, symbol: str) -> tuple[Decimal | None, ...]:
    """Return the spread of each hour of the week for a profile; empty where none was seen."""
    minutes: dict[int, list[float]] = defaultdict(list)
    for seen in record.hours:
        if seen.symbol == symbol:
            minutes[seen.hour] += seen.minutes
    if not minutes:
        return ()
    return tuple(
        Decimal(f"{np.mean(minutes[hour]):.2f}") if minutes.get(hour) else None
        for hour in range(HOURS_A_WEEK)
    )


def cell_findings(record: ExamRecord, symbol: str) -> list[Finding]:
    """Return how much of the week was seen, and the usual spread over it."""
    seen = [hour for hour in record.hours if hour.symbol == symbol]
    known = len({hour.hour for hour in seen})
    means = np.array([np.mean(hour.minutes) for hour in seen])
    usual = resample(means, lambda part: float(np.mean(part)), _SEED)
    return [
        of_estimate("spread", usual, "points", symbol),
        Finding(
            name="hours of the week", symbol=symbol, value=float(known), count=len(seen),
            unit=f"of {HOURS_A_WEEK}", sure=known >= 5 * 24 - 2,
            note="hours never seen are absent from the profile",
        ),
    ]  # fmt: skip

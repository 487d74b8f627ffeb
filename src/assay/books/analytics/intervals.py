"""How far a figure of daily returns would have been by chance: its interval by bootstrap."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from assay.books.analytics.deflated_sharpe import period_sharpe
from assay.books.analytics.performance import TRADING_DAYS
from assay.books.analytics.resampling import stationary_rows
from assay.model.errors import DataError
from assay.runtime.ids import seeded_generator

Floats = npt.NDArray[np.float64]

TAIL = 2.5
"""Percent left out at each end: the intervals are of 95 %."""
LEAST = 20


@dataclass(frozen=True, slots=True)
class Interval:
    """Hold a figure with its 95 % interval; the figure is None where there is none."""

    value: float | None
    lower: float
    upper: float


@dataclass(frozen=True, slots=True)
class ReturnIntervals:
    """Hold the Sharpe ratio a year and the growth over all days, each with its interval."""

    sharpe: Interval
    growth: Interval


def measure_intervals(
    returns: Floats, *, draws: int = 2000, block: float = 5.0, seed: int = 1
) -> ReturnIntervals:
    """Return the intervals of daily returns by the stationary bootstrap, percentile method.

    A draw without a Sharpe ratio counts as 0. Of 400 histories of 500 days without skill whose
    returns are independent, the interval of the Sharpe ratio left out 0 in 6.5 % with 1,000 draws
    and in 8 % with 200. Raises DataError below 20 days.
    """
    if len(returns) < LEAST:
        raise DataError(f"{len(returns)} days are too few for an interval; give {LEAST} or more")
    generator, found = seeded_generator(seed), np.empty((draws, 2))
    rows = stationary_rows(generator, len(returns), block=block, draws=draws)
    for place, chosen in enumerate(rows):
        drawn = returns[chosen]
        found[place] = period_sharpe(drawn) or 0.0, np.prod(1.0 + drawn) - 1.0
    lower, upper = np.percentile(found, (TAIL, 100 - TAIL), axis=0)
    annual, sharpe = TRADING_DAYS**0.5, period_sharpe(returns)
    return ReturnIntervals(
        sharpe=Interval(
            None if sharpe is None else sharpe * annual, float(lower[0]) * annual,
            float(upper[0]) * annual,
        ),
        growth=Interval(
            float(np.prod(1.0 + returns) - 1.0), float(lower[1]), float(upper[1])
        ),
    )  # fmt: skip

"""Whether the bars ahead move more than bars at that hour of the day usually do."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assay.model.time import DAY, HOUR
from assay.model.zones import zone_table
from assay.signals.labels.brackets import Float64s, Int64s
from assay.signals.labels.outcomes import LONG, SHORT, UNKNOWN
from assay.signals.labels.ports import Marks, Passed, lasting

DAYS = 20
HOURS = 24
CLOCK = "America/New_York"


@dataclass(frozen=True, slots=True)
class Volatility:
    """Tell whether realised volatility over the horizon exceeds what is usual at the hour.

    Realised is the root of the summed squares of the log returns of the mid, close to close, the
    jumps between sessions among them (T. Andersen, T. Bollerslev, F. Diebold, P. Labys, Modeling
    and Forecasting Realized Volatility, Econometrica, 2003). Usual is the mean of what came after
    bars that closed in the same hour of New York's day, the last 20 days' worth of them whose
    horizon had ended: it is known at the bar. Before there are so many the label is unknown.
    """

    name: str = "volatility"
    asks: str = "whether realised volatility over the horizon exceeds what is usual at that hour"
    outcomes: tuple[str, str, str] = ("usual", "neither", "turbulent")
    symmetric: bool = False
    shortest: int = 1

    def mark(self, passed: Passed, horizon: int) -> Marks:
        """Mark every bar by the returns of the `horizon` bars after it."""
        realised = realise(passed.mid, horizon)
        usual = usual_volatility(passed, horizon)
        outcome = np.where(realised > usual, LONG, SHORT)
        outcome[np.isnan(realised) | np.isnan(usual)] = UNKNOWN
        return lasting(outcome.astype(np.int8), horizon)


def realise(mid: Int64s, horizon: int) -> Float64s:
    """Return the realised volatility of the log mid over the bars after each [n]; NaN at the end.

    >>> realise(np.array([100, 100, 200]), 1).round(4).tolist()
    [0.0, 0.6931, nan]
    """
    found = np.full(len(mid), np.nan)
    if len(mid) > horizon:
        squares = np.concatenate([[0.0], np.cumsum(np.square(np.diff(np.log(mid))))])
        found[:-horizon] = np.sqrt(np.maximum(squares[horizon:] - squares[:-horizon], 0.0))
    return found


def usual_volatility(passed: Passed, horizon: int) -> Float64s:
    """Return what is usual at each bar [n], as Volatility has it; NaN where it is not known yet."""
    realised = realise(passed.mid, horizon)
    hour = zone_table(CLOCK).to_wall(passed.close_time) % DAY // HOUR
    most = DAYS * max(1, HOUR // passed.timeframe)
    found = np.full(len(passed), np.nan)
    for each in range(HOURS):
        mine = np.flatnonzero(hour == each)
        ended = mine[mine < len(passed) - horizon]
        total = np.concatenate([[0.0], np.cumsum(realised[ended])])
        known = np.searchsorted(ended + horizon, mine, side="right")
        enough = known >= most
        last = known[enough]
        found[mine[enough]] = (total[last] - total[last - most]) / most
    return found


PLUGIN = Volatility()

"""Stretches of an equity curve: its falls and recoveries, and its figures over a moving window."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from assay.books.analytics.performance import TRADING_DAYS, daily_returns, drawdowns
from assay.model.time import DAY

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

WINDOW = 63
"""Days of a rolling figure, a quarter of trading."""


class Fall(NamedTuple):
    """Hold one drawdown: the last peak before it, its lowest point and its recovery (ns UTC).

    `depth` is a fraction of the peak; `recovered` is None while equity is below the peak.
    """

    started: int
    lowest: int
    recovered: int | None
    depth: float


def find_falls(
    times: Integers, equity: Integers, initial: int | None = None, *, most: int = 10
) -> list[Fall]:
    """Return the deepest drawdowns, which never overlap, the deepest first; shallow ones are none.

    >>> hours = np.arange(6) * 3_600 * 10**9
    >>> falls = find_falls(hours, np.array([100, 90, 100, 120, 60, 80]))
    >>> [(fall.depth, fall.recovered is None) for fall in falls]
    [(0.5, True), (0.1, False)]
    """
    depth = drawdowns(equity, initial)
    below = depth > 0
    edges = np.flatnonzero(np.diff(np.concatenate(([False], below, [False])).astype(np.int8)))
    falls = []
    for first, after in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        lowest = first + int(depth[first:after].argmax())
        falls.append(
            Fall(
                started=int(times[max(first - 1, 0)]), lowest=int(times[lowest]),
                recovered=int(times[after]) if after < len(times) else None,
                depth=float(depth[lowest]),
            )
        )  # fmt: skip
    falls.sort(key=lambda fall: -fall.depth)
    return [fall for fall in falls[:most] if fall.depth >= SHALLOW * falls[0].depth]


SHALLOW = 0.05
"""Share of the deepest fall below which another is not worth a line."""


class Rolling(NamedTuple):
    """Hold figures of the days up to each moment: annualised Sharpe ratio and volatility."""

    times: Integers
    sharpe: Floats
    volatility: Floats


def roll(
    times: Integers, equity: Integers, initial: int | None = None, *, window: int = WINDOW
) -> Rolling:
    """Return the figures over a moving window of days; empty where there are fewer days.

    A ratio is 0 where nothing varied in the window, as where nothing was traded.
    """
    returns = daily_returns(times, equity, initial)
    days = np.unique(times // DAY)[0 if initial is not None else 1 :][: len(returns)]
    if len(returns) < window:
        none = np.zeros(0)
        return Rolling(np.zeros(0, np.int64), none, none)
    views = np.lib.stride_tricks.sliding_window_view(returns, window)
    mean, deviation = views.mean(axis=1), views.std(axis=1, ddof=1)
    ratio = np.zeros(len(mean))
    np.divide(mean, deviation, out=ratio, where=deviation > 1e-12)
    year = np.sqrt(TRADING_DAYS)
    ends = (days[window - 1 :] + 1) * DAY
    return Rolling(ends, ratio * year, deviation * year)

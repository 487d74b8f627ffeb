"""Ratios of daily returns, each with the interval that its data leave."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from assay.books.analytics.performance import TRADING_DAYS
from assay.books.analytics.resampling import stationary_rows
from assay.runtime.ids import seeded_generator

Floats = npt.NDArray[np.float64]
Ratio = Callable[[Floats], Floats]

DAYS_LEAST = 20
"""Days below which an interval says nothing."""
TAIL = 0.05
YEAR = float(np.sqrt(TRADING_DAYS))


class Estimate(NamedTuple):
    """Hold a figure with its 95 % interval; None where it is undefined or the days are too few."""

    value: float | None
    lower: float | None = None
    upper: float | None = None


def annual_return(returns: Floats) -> Floats:
    """Return the growth a year, (prod(1 + r))^(252 / n) - 1, over the last axis.

    >>> round(float(annual_return(np.full(252, 0.001))), 6)
    0.286434
    """
    grown = np.prod(np.maximum(1.0 + returns, 0.0), axis=-1)
    annual: Floats = grown ** (TRADING_DAYS / max(returns.shape[-1], 1)) - 1.0
    return annual


def volatility(returns: Floats) -> Floats:
    """Return the sample deviation of daily returns x sqrt(252), over the last axis.

    >>> round(float(volatility(np.array([0.01, -0.01]))), 6)
    0.224499
    """
    deviation: Floats = returns.std(axis=-1, ddof=1) * np.sqrt(TRADING_DAYS)
    return deviation


def sharpe(returns: Floats) -> Floats:
    """Return mean / sample deviation x sqrt(252), over the last axis; NaN where nothing varies."""
    mean = returns.mean(axis=-1)
    deviation = returns.std(axis=-1, ddof=1)
    # Equal returns differ in their last bits; what is left of them is no deviation.
    return _divide(mean, deviation, deviation > 1e-12) * YEAR


def sortino(returns: Floats) -> Floats:
    """Return mean / downside deviation x sqrt(252), the target being 0.

    The downside deviation is sqrt(mean(min(r, 0)^2)) over all days. Source: Sortino and Price,
    "Performance Measurement in a Downside Risk Framework", Journal of Investing 3(3), 1994.

    >>> round(float(sortino(np.array([0.02, -0.01]))), 6)
    11.224972
    """
    below = np.sqrt((np.minimum(returns, 0.0) ** 2).mean(axis=-1))
    return _divide(returns.mean(axis=-1), below, below > 1e-12) * YEAR


def daily_drawdowns(returns: Floats) -> Floats:
    """Return the fall from the peak after each day as a fraction of it, over the last axis.

    >>> daily_drawdowns(np.array([0.1, -0.5, 1.0])).tolist()
    [0.0, 0.5, 0.0]
    """
    worth = np.cumprod(np.maximum(1.0 + returns, 0.0), axis=-1)
    peak = np.maximum(np.maximum.accumulate(worth, axis=-1), 1.0)
    fall: Floats = (peak - worth) / peak
    return fall


def calmar(returns: Floats) -> Floats:
    """Return the growth a year / the deepest drawdown at the end of a day.

    Source: Young, "Calmar Ratio: A Smoother Tool", Futures 20(1), 1991; there over three years,
    here over all days.
    """
    deepest = daily_drawdowns(returns).max(axis=-1, initial=0.0)
    return _divide(annual_return(returns), deepest, deepest > 1e-12)


def ulcer_index(returns: Floats) -> Floats:
    """Return the root mean square of the drawdown at the end of each day, as a fraction.

    Source: Martin and McCann, "The Investor's Guide to Fidelity Funds", 1989.

    >>> float(ulcer_index(np.array([0.1, -0.5])))
    0.3535533905932738
    """
    index: Floats = np.sqrt((daily_drawdowns(returns) ** 2).mean(axis=-1))
    return index


def tail_ratio(returns: Floats) -> Floats:
    """Return the 95 % quantile of daily returns / the size of the 5 % quantile.

    >>> round(float(tail_ratio(np.linspace(-0.01, 0.02, 31))), 6)
    2.176471
    """
    low, high = np.quantile(returns, (TAIL, 1.0 - TAIL), axis=-1)
    return _divide(high, -low, low < -1e-12)


RATIOS: Mapping[str, Ratio] = MappingProxyType(
    {
        "annual_return": annual_return,
        "volatility": volatility,
        "sharpe": sharpe,
        "sortino": sortino,
        "calmar": calmar,
        "ulcer_index": ulcer_index,
        "tail_ratio": tail_ratio,
    }
)


def estimate_ratios(
    returns: Floats, *, draws: int = 1000, block: float = 5.0, seed: int = 1
) -> dict[str, Estimate]:
    """Return every ratio with the 95 % interval of a stationary bootstrap of the days.

    All are taken from the same resamples, in blocks of `block` days on average.
    """
    if len(returns) < 2:
        return {name: Estimate(None) for name in RATIOS}
    if len(returns) < DAYS_LEAST:
        return {name: Estimate(_known(ratio(returns))) for name, ratio in RATIOS.items()}
    rows = stationary_rows(seeded_generator(seed), len(returns), block=block, draws=draws)
    drawn = np.stack([returns[places] for places in rows])
    return {
        name: Estimate(_known(ratio(returns)), *interval_of(ratio(drawn)))
        for name, ratio in RATIOS.items()
    }


def interval_of(values: Floats) -> tuple[float | None, float | None]:
    """Return the middle 95 % of resampled values; nothing where one in ten is undefined."""
    known = values[np.isfinite(values)]
    if len(known) < 0.9 * max(len(values), 1):
        return None, None
    lower, upper = np.quantile(known, (0.025, 0.975))
    return float(lower), float(upper)


def _divide(above: Floats, below: Floats, where: npt.NDArray[np.bool_]) -> Floats:
    found: Floats = np.full(np.shape(above), np.nan)
    np.divide(above, below, out=found, where=where)
    return found


def _known(value: Floats) -> float | None:
    return float(value) if np.isfinite(value) else None

"""Performance of an equity curve: drawdown, Sharpe ratio, daily and monthly returns.

Times are int64 nanoseconds UTC in rising order; equity may be in any one unit (minor units here).
`initial` is the equity before the first point; without it the first point is the start.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from assay.model.time import DAY

TRADING_DAYS = 252

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def drawdowns(equity: Integers, initial: int | None = None) -> Floats:
    """Return at each point the fall from the highest equity so far as a fraction of it.

    d[t] = (peak[t] - equity[t]) / peak[t], peak[t] = max(initial, equity[0..t]); 0 where the peak
    is not positive. Source: Magdon-Ismail and Atiya, "Maximum drawdown", Risk 17(10), 2004.

    >>> drawdowns(np.array([100, 120, 90, 130])).tolist()
    [0.0, 0.0, 0.25, 0.0]
    """
    if len(equity) == 0:
        return np.zeros(0)
    peak = np.maximum.accumulate(equity)
    if initial is not None:
        peak = np.maximum(peak, initial)
    fall = np.zeros(len(equity))
    np.divide(peak - equity, peak, out=fall, where=peak > 0)
    return fall


def max_drawdown(equity: Integers, initial: int | None = None) -> float:
    """Return the deepest drawdown as a fraction of the peak before it; 0 without points.

    >>> max_drawdown(np.array([100, 120, 90, 130]), initial=150)
    0.4
    """
    return float(drawdowns(equity, initial).max(initial=0.0))


def daily_returns(times: Integers, equity: Integers, initial: int | None = None) -> Floats:
    """Return equity[last of day] / equity[last of the day before] - 1 for each UTC day with points.

    The first day counts from `initial`; without it the first day only gives the start. A day that
    begins with no positive equity ends the series.

    >>> daily_returns(np.array([0, 1, 86_400 * 10**9]), np.array([99, 110, 99]), 100).tolist()
    [0.10000000000000009, -0.09999999999999998]
    """
    ends = _last_of_each(times // DAY)
    closes = equity[ends].astype(np.float64)
    if initial is not None:
        closes = np.concatenate(([float(initial)], closes))
    ruined = np.flatnonzero(closes[:-1] <= 0)
    if len(ruined):
        closes = closes[: ruined[0] + 1]
    returns: Floats = closes[1:] / closes[:-1] - 1.0
    return returns


def sharpe_ratio(
    times: Integers,
    equity: Integers,
    initial: int | None = None,
    periods: int = TRADING_DAYS,
) -> float | None:
    """Return mean / standard deviation of daily net returns x sqrt(periods), risk-free rate 0.

    The deviation is of the sample (n - 1). None with fewer than two days or where the returns do
    not vary. Source: Sharpe, "The Sharpe Ratio", Journal of Portfolio Management 21(1), 1994.

    >>> days = np.array([1, 2, 3]) * 86_400 * 10**9
    >>> round(sharpe_ratio(days, np.array([101, 102, 104]), 100), 6)
    37.493747
    """
    returns = daily_returns(times, equity, initial)
    if len(returns) < 2:
        return None
    deviation = float(returns.std(ddof=1))
    mean = float(returns.mean())
    # Equal returns differ in their last bits; what is left of them is no deviation.
    if deviation <= 1e-12 * max(abs(mean), 1e-12):
        return None
    return mean / deviation * float(np.sqrt(periods))


def monthly_returns(
    times: Integers, equity: Integers, initial: int | None = None
) -> dict[tuple[int, int], float]:
    """Return the return of each calendar month (UTC) with points, by (year, month).

    A month runs from the last equity before it (`initial`, or the first point, for the first) to
    its own last equity; months whose start is not positive are left out.

    >>> monthly_returns(np.array([0, 31 * 86_400 * 10**9]), np.array([110, 99]), 100)
    {(1970, 1): 0.10000000000000009, (1970, 2): -0.09999999999999998}
    """
    if len(times) == 0:
        return {}
    months = times.astype("datetime64[ns]").astype("datetime64[M]").astype(np.int64)
    before = int(equity[0]) if initial is None else initial
    found: dict[tuple[int, int], float] = {}
    for end in _last_of_each(months):
        year, month = divmod(int(months[end]), 12)
        after = int(equity[end])
        if before > 0:
            found[1970 + year, month + 1] = after / before - 1.0
        before = after
    return found


def _last_of_each(keys: Integers) -> Integers:
    if len(keys) == 0:
        return np.zeros(0, dtype=np.int64)
    return np.append(np.flatnonzero(keys[1:] != keys[:-1]), len(keys) - 1).astype(np.int64)

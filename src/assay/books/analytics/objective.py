"""What a search makes large: one figure of a run each."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from assay.books.analytics.performance import TRADING_DAYS

Floats = npt.NDArray[np.float64]

OBJECTIVES = ("sharpe", "net", "calmar")


def annual_return(returns: Floats) -> float | None:
    """Return daily returns compounded to a year of 252 days; None without days, -1 after ruin.

    >>> round(annual_return(np.full(126, 0.001)), 6)
    0.286434
    """
    if not len(returns):
        return None
    grown = float(np.prod(1.0 + returns))
    if grown <= 0:
        return -1.0
    return float(grown ** (TRADING_DAYS / len(returns)) - 1.0)


def calmar_ratio(returns: Floats, drawdown: float) -> float | None:
    """Return the annual return over the deepest drawdown; None where either is not there.

    Source: Young, "Calmar Ratio: A Smoother Tool", Futures 20(1), 1991.

    >>> round(calmar_ratio(np.full(252, 0.001), 0.1), 6)
    2.86434
    """
    grown = annual_return(returns)
    if grown is None or drawdown <= 0:
        return None
    return grown / drawdown

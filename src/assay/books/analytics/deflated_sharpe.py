"""The Sharpe ratio as an estimate: its error, and what is left of it after many trials.

Returns are one a period (a day here), flat ones included; ratios are per period, not annualised.
"""

from __future__ import annotations

from math import e, sqrt
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from assay.model.errors import UsageError

Floats = npt.NDArray[np.float64]

_EULER = float(np.euler_gamma)
_NORMAL = NormalDist()


def period_sharpe(returns: Floats) -> float | None:
    """Return mean / sample deviation of the returns; None below two or where they do not vary.

    >>> round(period_sharpe(np.array([0.01, 0.03])), 6)
    1.414214
    """
    if len(returns) < 2:
        return None
    mean, deviation = float(returns.mean()), float(returns.std(ddof=1))
    # Equal returns differ in their last bits; what is left of them is no deviation.
    if deviation <= 1e-12 * max(abs(mean), 1e-12):
        return None
    return mean / deviation


def sharpe_error(returns: Floats, lags: int | None = None) -> float | None:
    """Return the standard error of the Sharpe ratio, robust to autocorrelation and fat tails.

    The long-run deviation of the ratio's influence function z - sharpe (z^2 - 1) / 2, z being the
    standardised return, with the weights of Bartlett up to `lags` (else 4 (n / 100)^(2/9)), over
    sqrt(n). None where there is no Sharpe ratio. Sources: Lo, "The Statistics of Sharpe Ratios",
    Financial Analysts Journal 58(4), 2002; Newey and West, Econometrica 55(3), 1987, and Review of
    Economic Studies 61(4), 1994 (lags). With 0 lags it is Mertens' error for independent returns.

    >>> round(sharpe_error(np.array([0.01, -0.01, 0.02, -0.02]), lags=0), 6)
    0.5
    """
    if period_sharpe(returns) is None:
        return None
    n = len(returns)
    z = (returns - returns.mean()) / returns.std()
    ratio = float(returns.mean() / returns.std())
    influence = z - ratio / 2 * (z * z - 1)
    variance = long_run_variance(influence, lags)
    return sqrt(max(variance, 0.0) / n)


def long_run_variance(values: Floats, lags: int | None = None) -> float:
    """Return the variance of a sum per value, with Bartlett's weights up to `lags`.

    Values are measured from 0, so the mean is to be taken off before. Else 4 (n / 100)^(2/9) lags.

    >>> long_run_variance(np.array([1.0, -1.0, 1.0, -1.0]), lags=0)
    1.0
    """
    n = len(values)
    most = int(4 * (n / 100) ** (2 / 9)) if lags is None else lags
    variance = float(values @ values) / n
    for lag in range(1, min(most, n - 1) + 1):
        weight = 1 - lag / (most + 1)
        variance += 2 * weight * float(values[lag:] @ values[:-lag]) / n
    return variance


def expected_maximum(variance: float, trials: float) -> float:
    """Return the highest Sharpe ratio to expect of so many independent trials without skill.

    sqrt(variance) ((1 - g) q(1 - 1/n) + g q(1 - 1/(n e))), g being the Euler-Mascheroni constant,
    q the normal quantile and `variance` that of the trials' Sharpe ratios. It is 0 for one trial
    and a straight line from there to two, since alike trials count as parts of one. Source: Bailey
    and Lopez de Prado, "The Deflated Sharpe Ratio", Journal of Portfolio Management 40(5), 2014.

    >>> round(expected_maximum(1.0, 1), 4), round(expected_maximum(1 / 2 / 250, 100), 4)
    (0.0, 0.1132)
    """
    if trials < 1 or variance < 0:
        raise UsageError(f"{trials} trials of variance {variance} make no sense; give 1 or more")
    if trials < 2:
        return (trials - 1) * expected_maximum(variance, 2)
    high, higher = _NORMAL.inv_cdf(1 - 1 / trials), _NORMAL.inv_cdf(1 - 1 / (trials * e))
    return sqrt(variance) * ((1 - _EULER) * high + _EULER * higher)


def probabilistic_sharpe(sharpe: float, moments: tuple[float, float], n: int, bar: float) -> float:
    """Return the probability that the true Sharpe ratio is above `bar`.

    normal((sharpe - bar) sqrt(n - 1) / sqrt(1 - skewness sharpe + (kurtosis - 1) / 4 sharpe^2)),
    of n returns with `moments` skewness and kurtosis (3 for a normal one). Source: as above.

    >>> round(probabilistic_sharpe(2.5 / 250**0.5, (-3.0, 10.0), 1250, 0.1132), 3)
    0.9
    """
    skewness, kurtosis = moments
    spread = 1 - skewness * sharpe + (kurtosis - 1) / 4 * sharpe * sharpe
    return _NORMAL.cdf((sharpe - bar) * sqrt(n - 1) / sqrt(max(spread, 1e-12)))


def deflated_sharpe(returns: Floats, trials: float, variance: float = 0.0) -> float | None:
    """Return the probability that there is skill in the best of so many trials; None without one.

    `variance` is that of the trials' Sharpe ratios, as far as they are known. It is never taken as
    less than 1 / (n - 1), what chance alone gives n returns without skill, since few or alike
    trials would otherwise vouch for each other.
    """
    sharpe = period_sharpe(returns)
    if sharpe is None:
        return None
    n = len(returns)
    z = (returns - returns.mean()) / returns.std()
    moments = float((z**3).mean()), float((z**4).mean())
    bar = expected_maximum(max(variance, 1 / (n - 1)), trials)
    return probabilistic_sharpe(sharpe, moments, n, bar)

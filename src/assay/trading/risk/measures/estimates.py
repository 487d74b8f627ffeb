"""Value at risk and expected shortfall of a distribution of profits, in the profits' unit.

Value at risk is the loss that is not exceeded with probability `confidence`; expected shortfall is
the mean of the losses in the tail behind it. Losses are positive.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import NormalDist
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from assay.model.errors import UsageError

Float64s = NDArray[np.float64]
LEAST_RETURNS = 100
"""Fewer say nothing of a tail of one in a hundred, and little of one in twenty."""
FAR = 6.0
"""Normal quantiles beyond it are of one case in a thousand million."""
_NORMAL = NormalDist()


@dataclass(frozen=True, slots=True)
class Measured:
    """Hold value at risk, expected shortfall, and the method that they come from."""

    value_at_risk: float
    shortfall: float
    method: str


def profit_and_loss(exposures: Float64s, returns: Float64s) -> Float64s:
    """Return what a portfolio would have made [t] of the worth of its positions [i], short < 0.

    returns [t, i] are joint: a row is one span of all instruments, so that they fall together here
    as they did.
    """
    pnl: Float64s = returns @ exposures
    return pnl


def _historical(pnl: Float64s, confidence: float) -> Measured:
    """Take the losses that were (Acerbi, Tasche 2002: the tail's last loss counts in part)."""
    losses = np.sort(-pnl)[::-1]
    # In floats 0.05 x 100 is a little more than 5, and would be a tail of six losses.
    tail = round(len(losses) * (1 - confidence), 9)
    whole = int(tail)
    last = losses[min(whole, len(losses) - 1)]
    shortfall = (losses[:whole].sum() + (tail - whole) * last) / tail
    return Measured(float(last), float(shortfall), "historical")


def _moments(pnl: Float64s) -> tuple[float, float, float, float]:
    """Return mean, deviation, skewness and excess kurtosis."""
    mean, deviation = float(pnl.mean()), float(pnl.std(ddof=1))
    if deviation == 0:
        return mean, 0.0, 0.0, 0.0
    centred = pnl - mean
    second = float((centred**2).mean())
    skewness = float((centred**3).mean()) / second**1.5
    return mean, deviation, skewness, float((centred**4).mean()) / second**2 - 3


def _parametric(pnl: Float64s, confidence: float) -> Measured:
    """Take profits to be normal."""
    mean, deviation, _, _ = _moments(pnl)
    z = _NORMAL.inv_cdf(confidence)
    shortfall = deviation * _NORMAL.pdf(z) / (1 - confidence) - mean
    return Measured(z * deviation - mean, shortfall, "parametric")


def rises(skewness: float, kurtosis: float, z: float) -> bool:
    """Say whether the Cornish-Fisher quantile rises up to a normal quantile, and so is one.

    It bends back where skewness or kurtosis are too large for it (Maillard 2012).

    >>> rises(0.0, 1.0, -1.6), rises(-2.0, 1.0, -1.6)
    (True, False)
    """
    curve, slope = kurtosis / 8 - skewness**2 / 6, skewness / 3
    level = 1 - kurtosis / 8 + 5 * skewness**2 / 36
    lowest = -slope / (2 * curve) if curve > 0 else z
    points = (-FAR, z, min(max(lowest, -FAR), z))
    return all(curve * at**2 + slope * at + level > 0 for at in points)


def _cornish_fisher(pnl: Float64s, confidence: float) -> Measured:
    """Bend the normal quantile by skewness and kurtosis; where it is none then, take the losses.

    The shortfall is the mean of the bent quantile over the tail, by the moments of a cut normal.
    """
    mean, deviation, skewness, kurtosis = _moments(pnl)
    z = _NORMAL.inv_cdf(1 - confidence)
    if not rises(skewness, kurtosis, z):
        return _historical(pnl, confidence)
    first = -_NORMAL.pdf(z) / (1 - confidence)
    square, cube = 1 + z * first, (z**2 + 2) * first

    def bend(z: float, square: float, cube: float) -> float:
        return (
            z
            + (square - 1) * skewness / 6
            + (cube - 3 * z) * kurtosis / 24
            - (2 * cube - 5 * z) * skewness**2 / 36
        )

    at_risk = -mean - deviation * bend(z, z**2, z**3)
    return Measured(at_risk, -mean - deviation * bend(first, square, cube), "cornish-fisher")


METHODS: Mapping[str, Callable[[Float64s, float], Measured]] = MappingProxyType(
    {"historical": _historical, "parametric": _parametric, "cornish-fisher": _cornish_fisher}
)


def estimate_loss(pnl: Float64s, confidence: float, method: str = "historical") -> Measured:
    """Return value at risk and expected shortfall of profits [t]; raise UsageError for too few.

    >>> round(estimate_loss(np.arange(-50.0, 50.0), 0.95).shortfall, 1)
    48.0
    """
    if method not in METHODS:
        raise UsageError(f"method {method!r} is unknown; there are {', '.join(METHODS)}")
    if not 0.5 < confidence < 1:
        raise UsageError(f"confidence {confidence:g} is outside 0.5..1; 0.99 is usual")
    if len(pnl) < LEAST_RETURNS or not np.isfinite(pnl).all():
        raise UsageError(
            f"{len(pnl)} profits were given, at least {LEAST_RETURNS} finite are needed"
        )
    return METHODS[method](pnl, confidence)


def walk_forward(
    pnl: Float64s, window: int, confidence: float, method: str = "historical"
) -> Float64s:
    """Return the value at risk [t - window] of each profit behind the first window.

    Each is estimated from the window before it alone.
    """
    found = [
        estimate_loss(pnl[at - window : at], confidence, method).value_at_risk
        for at in range(window, len(pnl))
    ]
    return np.array(found)

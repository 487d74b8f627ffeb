"""Rule labels that look ahead: what the next bars turned out to be, for fitting and judging.

The label of a bar is unknown until its `ahead` bars are over; no later bar changes it.
"""

from __future__ import annotations

import msgspec
import numpy as np

from assay.model.errors import DataError
from assay.model.regimes import Direction, Regime, Volatility
from assay.signals.regimes.chain import DIRECTION_OF, LEVEL_OF, Float64s, Int64s

UNKNOWN = -1
LEVEL_SHARES = (1 / 3, 2 / 3, 0.97)
"""Shares of bars below a normal, a high and an extreme volatility."""
FLAT_SHARE = 0.5
LABELS_LEAST = 500


class Rules(msgspec.Struct, frozen=True):
    """Hold where volatilities begin and how far a drift must go, as fitted on bars of the past.

    `levels` are logs of the mean range over the usual one of the next `ahead` bars; `drift` is
    their return over the mean range and the root of `ahead`.
    """

    ahead: int
    levels: tuple[float, ...]
    drift: float


def measure(seen: Float64s, ahead: int) -> tuple[Float64s, Float64s]:
    """Return log volatility and drift of the `ahead` bars after each of [n, 3], NaN if unknown."""
    rows = len(seen)
    volatility, drift = np.full(rows, np.nan), np.full(rows, np.nan)
    if rows <= ahead:
        return volatility, drift
    known = ~np.isnan(seen).any(axis=1)
    reach = np.where(known, np.exp(seen[:, 0]), 0.0)
    moved = np.where(known, seen[:, 2] * np.exp(seen[:, 1]), 0.0)
    reach, moved, count = (_sum_after(each, ahead) for each in (reach, moved, known.astype(float)))
    whole = (count == ahead) & (reach > 0)
    mean = reach[whole] / ahead
    volatility[:-ahead][whole] = np.log(mean)
    drift[:-ahead][whole] = moved[whole] / mean / np.sqrt(ahead)
    return volatility, drift


def _sum_after(values: Float64s, ahead: int) -> Float64s:
    total = np.cumsum(values)
    return np.asarray(total[ahead:] - total[:-ahead])


def fit_rules(seen: Float64s, ahead: int) -> Rules:
    """Return the rules by which the known labels of these bars fall into their shares.

    Raises DataError where too few labels are known.
    """
    volatility, drift = measure(seen, ahead)
    known = ~np.isnan(volatility)
    if int(known.sum()) < LABELS_LEAST:
        raise DataError(
            f"{int(known.sum())} bars have {ahead} known ones after them, fewer than "
            f"{LABELS_LEAST}; give more bars"
        )
    levels = np.quantile(volatility[known], LEVEL_SHARES)
    return Rules(
        ahead, tuple(levels.tolist()), float(np.quantile(np.abs(drift[known]), FLAT_SHARE))
    )


def label_bars(rules: Rules, seen: Float64s) -> Int64s:
    """Return the regime of the `ahead` bars after each bar [n], UNKNOWN where they are not over.

    A strong drift is a reversal where the `ahead` bars before drifted the other way.
    """
    volatility, drift = measure(seen, rules.ahead)
    level = np.digitize(volatility, rules.levels)
    direction = (drift > rules.drift).astype(np.int64) - (drift < -rules.drift)
    before = np.zeros(len(seen), np.int64)
    before[rules.ahead :] = direction[: -rules.ahead] if len(seen) > rules.ahead else 0
    found = _table()[level, direction + 1]
    strong = level == Volatility.NORMAL
    found[strong & (direction == Direction.UP) & (before == -1)] = Regime.REVERSAL_UP
    found[strong & (direction == Direction.DOWN) & (before == 1)] = Regime.REVERSAL_DOWN
    found[np.isnan(volatility)] = UNKNOWN
    return found


def _table() -> Int64s:
    """Return the regime of each volatility and direction, without what went before."""
    found = np.full((len(Volatility), len(Direction)), int(Regime.VOLATILE_CRISIS), np.int64)
    for regime in sorted(Regime, reverse=True):
        if regime not in (Regime.REVERSAL_UP, Regime.REVERSAL_DOWN, Regime.VOLATILE_CRISIS):
            found[LEVEL_OF[regime], DIRECTION_OF[regime] + 1] = int(regime)
    return found


def last_confirmed(labels: Int64s, ahead: int) -> Int64s:
    """Return the newest label that is known at each bar: that of `ahead` bars before."""
    found = np.full(len(labels), UNKNOWN, np.int64)
    if len(labels) > ahead:
        found[ahead:] = labels[:-ahead]
    return found

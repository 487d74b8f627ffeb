"""How much a pair's correlation moves between the halves of a history and from window to window."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from assay.signals.correlation.alignment import Returns
from assay.signals.correlation.stream import Estimator
from assay.signals.correlation.uncertainty import Pair, fisher_z, judge_pair

Float64s = NDArray[np.float64]
CHANCE = 0.05
"""How likely it is that any pair is said to have moved where none did."""


@dataclass(frozen=True, slots=True)
class Stability:
    """Compare the halves of a pair's history, and its windows with chance.

    `moved` where the difference of Fisher's z between the halves excludes 0 for all pairs together
    (`difference` is in standard errors). `lowest` and `highest` are of the path of correlations.
    `restlessness` is the deviation of z between windows that share no row over that which sampling
    alone gives: 1 is a correlation that never changes; None below three windows.
    """

    pair: tuple[str, str]
    whole: Pair
    first: Pair
    second: Pair
    difference: float
    moved: bool
    lowest: float
    highest: float
    restlessness: float | None


def list_pairs(symbols: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Return the pairs in the order of a path's columns."""
    return tuple(combinations(symbols, 2))


def compare_halves(returns: Returns, path: Float64s, estimator: Estimator) -> tuple[Stability, ...]:
    """Return the stability of every pair; `path` is the estimator's over the same rows."""
    pairs = list_pairs(returns.symbols)
    quantile = float(ndtri(1 - CHANCE / (2 * len(pairs))))
    found = []
    for column, (one, other) in enumerate(pairs):
        x = returns.values[:, returns.symbols.index(one)]
        y = returns.values[:, returns.symbols.index(other)]
        half = len(x) // 2
        first, second = _judge(x[:half], y[:half]), _judge(x[half:], y[half:])
        whole, way = _judge(x, y), path[:, column]
        seen = way[np.isfinite(way)]
        difference = _distance(first, second)
        found.append(
            Stability(
                (one, other), whole, first, second, difference, abs(difference) > quantile,
                float(seen.min(initial=1.0)) if len(seen) else math.nan,
                float(seen.max(initial=-1.0)) if len(seen) else math.nan,
                _restlessness(way, whole, len(x), estimator),
            )
        )  # fmt: skip
    return tuple(found)


def _judge(x: Float64s, y: Float64s) -> Pair:
    return judge_pair(x, y, np.full(len(x), 1 / max(len(x), 1)))


def _distance(first: Pair, second: Pair) -> float:
    """Return second - first of z in standard errors, 0 where either is too short to say."""
    if min(first.effective_n, second.effective_n) <= 3:
        return 0.0
    error = math.sqrt(1 / (first.effective_n - 3) + 1 / (second.effective_n - 3))
    z = fisher_z(np.array([first.correlation, second.correlation]))
    return float(z[1] - z[0]) / error


def _restlessness(way: Float64s, whole: Pair, rows: int, estimator: Estimator) -> float | None:
    apart = way[:: estimator.apart]
    apart = apart[np.isfinite(apart)]
    effective = estimator.effective_length * whole.effective_n / rows
    if len(apart) < 3 or effective <= 3:
        return None
    return float(fisher_z(apart).std(ddof=1) * math.sqrt(effective - 3))

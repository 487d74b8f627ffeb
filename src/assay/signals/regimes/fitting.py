"""Fit the chain of regimes by expectation maximisation (Baum et al. 1970; Rabiner 1989)."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy.optimize import isotonic_regression

from assay.kernel.compiling import compiled
from assay.model.errors import DataError
from assay.model.regimes import Regime
from assay.signals.regimes.chain import (
    DIRECTION_OF,
    LEVEL_OF,
    LEVELS,
    REGIMES,
    Chain,
    Float64s,
    possible,
    stationary,
)
from assay.signals.regimes.filtering import FAR, foresee, liken, reweigh

ROUNDS, ENOUGH = 40, 1e-5
"""Rounds at most, and the gain in log likelihood a bar below which they end."""
BARS_LEAST, BARS_MOST = 2_000, 200_000
LASTS, REVERSAL_LASTS = 200.0, 100.0
"""Bars that a regime is thought to last, before any is seen; a reversal is how a trend begins."""
BELIEF = 400.0
"""Bars that this thought counts for, in each regime."""
DRIFT_LEAST, DRIFT_FIRST = 0.05, 0.2
SPREAD_LEAST = 0.05
APART = math.log(1.5)
"""What a level of volatility is at least above the one before, else it is the same regime."""
STARTS = ((0.1, 0.4, 0.75, 0.98), (0.25, 0.6, 0.85, 0.97), (0.15, 0.5, 0.9, 0.995))
"""Where searches for the four levels of volatility begin, among means over SMOOTH bars: what is
climbed is not one hill."""
TRIALS = 6
"""Rounds after which the best of the searches goes on alone."""
SMOOTH, PARTINGS = 30, 30


def fit_chain(
    seen: Float64s, on_progress: Callable[[int, int], None] | None = None
) -> tuple[Chain, list[float]]:
    """Return the chain fitted to bars [n, 3] (range, usual, move), and log likelihoods a bar.

    Bars with NaN are left out, and of the rest all but the last BARS_MOST. Equal bars give equal
    chains. The drifts up and down are one, for
    what rises against the other currency is what falls, and at least DRIFT_LEAST. Raises DataError
    for too few bars and where the market stands still.
    """
    known = seen[~np.isnan(seen).any(axis=1)][-BARS_MOST:]
    if len(known) < BARS_LEAST:
        raise DataError(
            f"{len(known)} settled bars are too few to fit regimes on; give {BARS_LEAST} or more"
        )
    y = np.ascontiguousarray(known[:, 0])
    z = known[:, 2] * np.exp(known[:, 1])
    done, most = 0, ROUNDS + TRIALS * len(STARTS)

    def count() -> None:
        nonlocal done
        done += 1
        if on_progress:
            on_progress(min(done, most), most)

    tried = [_climb(_first_guess(y, z, start), (y, z), TRIALS, count) for start in STARTS]
    chain, early = max(tried, key=lambda each: each[1][-1])
    chain, scores = _climb(chain, (y, z), ROUNDS, count)
    if on_progress:
        on_progress(most, most)
    return chain, early + scores


def _climb(
    chain: Chain, bars: tuple[Float64s, Float64s], rounds: int, count: Callable[[], None]
) -> tuple[Chain, list[float]]:
    scores: list[float] = []
    for _ in range(rounds):
        found = gather(chain.arrays(), *bars)
        scores.append(float(found[0] / len(bars[0])))
        count()
        if len(scores) > 1 and scores[-1] - scores[-2] < ENOUGH:
            break
        chain = _improve(chain, found[1:], *bars)
    return chain, scores


def _first_guess(y: Float64s, z: Float64s, start: tuple[float, ...]) -> Chain:
    if float(np.std(z)) == 0.0:
        raise DataError("the market stands still, so it has no regimes; give bars that move")
    level = _part(np.convolve(y, np.full(SMOOTH, 1.0 / SMOOTH), mode="valid"), start)
    nearest = level[np.argmin(np.abs(y[:, None] - level), axis=1)]
    follow = _believed()
    follow /= follow.sum(axis=1, keepdims=True)
    drift = np.where(np.arange(LEVELS) < LEVELS - 1, DRIFT_FIRST, 0.0)
    return Chain(
        tuple(level.tolist()), max(SPREAD_LEAST, float(np.std(y - nearest))),
        float(np.std(z * np.exp(-nearest))), tuple(drift.tolist()), _rows(follow),
        tuple(stationary(follow).tolist()),
    )  # fmt: skip


def _part(smooth: Float64s, start: tuple[float, ...]) -> Float64s:
    """Return the middles [4] of the groups that values fall into, by Lloyd's algorithm."""
    ordered = np.sort(smooth)
    total = np.concatenate([[0.0], np.cumsum(ordered)])
    level = np.quantile(ordered, start)
    for _ in range(PARTINGS):
        ends = np.searchsorted(ordered, 0.5 * (level[1:] + level[:-1]))
        ends = np.concatenate([[0], ends, [len(ordered)]])
        count = np.diff(ends)
        level = np.where(count > 0, np.diff(total[ends]) / np.maximum(count, 1), level)
        level = _apart(level, count.astype(np.float64))
    return level


def _believed() -> Float64s:
    """Return the bars [12, 12] that are thought to have followed each other."""
    may = possible().astype(np.float64)
    np.fill_diagonal(may, 0.0)
    lasts = np.full(REGIMES, LASTS)
    lasts[[Regime.REVERSAL_UP, Regime.REVERSAL_DOWN]] = REVERSAL_LASTS
    found = BELIEF / lasts[:, None] * may / may.sum(axis=1, keepdims=True)
    np.fill_diagonal(found, BELIEF * (1.0 - 1.0 / lasts))
    return found


def _improve(
    chain: Chain, found: tuple[Float64s, Float64s], y: Float64s, z: Float64s
) -> Chain:  # fmt: skip
    gamma, passed = found
    places = [np.equal(LEVEL_OF, k) for k in range(LEVELS)]
    weights = [gamma[:, place].sum(axis=1) for place in places]
    totals = np.array([float(each.sum()) for each in weights])
    means = np.array([float(each @ y) for each in weights]) / np.maximum(totals, 1e-9)
    level = _apart(means, totals)
    squares = drawn = 0.0
    drift = [0.0] * LEVELS
    for k, place in enumerate(places):
        far = FAR * chain.spread
        squares += float(weights[k] @ np.square(np.clip(y - level[k], -far, far)))
        x = np.clip(z / (chain.noise * math.exp(level[k])), -FAR, FAR)
        lean = float((gamma[:, place] @ DIRECTION_OF[place].astype(np.float64)) @ x)
        trending = float(gamma[:, place & (DIRECTION_OF != 0)].sum())
        if trending > 1.0:
            drift[k] = max(DRIFT_LEAST, lean / trending)
        drawn += float(weights[k] @ np.square(x)) - drift[k] * (2.0 * lean - drift[k] * trending)
    follow = passed + _believed()
    follow /= follow.sum(axis=1, keepdims=True)
    return Chain(
        tuple(level.tolist()), max(SPREAD_LEAST, math.sqrt(squares / len(y))),
        chain.noise * math.sqrt(drawn / len(y)), tuple(drift), _rows(follow),
        tuple(stationary(follow).tolist()),
    )  # fmt: skip


def _apart(level: Float64s, weight: Float64s) -> Float64s:
    """Return the levels that fit best among those at least APART apart."""
    steps = APART * np.arange(LEVELS)
    return np.asarray(isotonic_regression(level - steps, weights=weight + 1.0).x + steps)


def _rows(matrix: Float64s) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(row) for row in matrix.tolist())


@compiled
def gather(chain, y, z):  # type: ignore[no-untyped-def]
    """Return the log likelihood, the smoothed probabilities [n, 12], and the passages [12, 12]."""
    looks, follow, start = chain
    rows, count = len(y), len(start)
    ahead, logs = np.empty((rows, count)), np.empty((rows, count))
    expected, weight = np.empty(count), np.empty(count)
    score = 0.0
    for t in range(rows):
        if t == 0:
            expected[:] = start
        else:
            foresee(follow, ahead[t - 1], expected)
        liken(looks, y[t], z[t], logs[t])
        score += reweigh(expected, logs[t], ahead[t])
    passed = np.zeros((count, count))
    back, later = np.ones(count), np.ascontiguousarray(follow.T)
    for t in range(rows - 2, -1, -1):
        for s in range(count):
            weight[s] = back[s] * logs[t + 1, s]
        foresee(later, weight, back)
        total = 0.0
        for r in range(count):
            total += ahead[t, r] * back[r]
        for r in range(count):
            share = ahead[t, r] / total
            for s in range(count):
                passed[r, s] += share * weight[s]
            ahead[t, r] = share * back[r]
        most = back.max()
        for r in range(count):
            back[r] /= most
    return score, ahead, passed * follow

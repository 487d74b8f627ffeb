"""Two runs side by side: what one earned more than the other, and how much of that is luck."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from assay.books.analytics.performance import TRADING_DAYS, daily_returns
from assay.books.analytics.ratios import DAYS_LEAST, Estimate, interval_of, sharpe
from assay.books.analytics.resampling import stationary_rows
from assay.books.analytics.trades import ClosedTrade
from assay.model.time import DAY
from assay.runtime.ids import seeded_generator

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


class Advantage(NamedTuple):
    """Hold what the first of two runs earned more than the second on the days that both have.

    `mean` is the mean daily difference x 252, `sharpe` that of the Sharpe ratios, each with its 95
    % interval; `correlation` is of the daily returns.
    """

    days: int
    mean: Estimate
    sharpe: Estimate
    correlation: float | None


def days_of(times: Integers, equity: Integers, initial: int) -> tuple[Integers, Floats]:
    """Return the days of a run that have a return, numbered from 1970, and the returns."""
    returns = daily_returns(times, equity, initial)
    return np.unique(times // DAY)[: len(returns)], returns


def compare_days(
    first: tuple[Integers, Floats], second: tuple[Integers, Floats], *, draws: int = 2000,
    block: float = 5.0, seed: int = 1,
) -> Advantage:  # fmt: skip
    """Return the advantage of the first; the same days are resampled of both, in blocks."""
    shared = np.intersect1d(first[0], second[0])
    a, b = (returns[np.isin(days, shared)] for days, returns in (first, second))
    if len(shared) < 2:
        return Advantage(len(shared), Estimate(None), Estimate(None), None)
    mean, ratio = _mean(a, b), _ratio(a, b)
    varies = bool(a.std() > 0 and b.std() > 0)
    correlation = float(np.corrcoef(a, b)[0, 1]) if varies else None
    if len(shared) < DAYS_LEAST:
        return Advantage(len(shared), Estimate(float(mean)), _told(ratio, None), correlation)
    rows = np.stack([*stationary_rows(seeded_generator(seed), len(a), block=block, draws=draws)])
    means, ratios = _mean(a[rows], b[rows]), _ratio(a[rows], b[rows])
    return Advantage(
        len(shared), Estimate(float(mean), *interval_of(means)), _told(ratio, ratios), correlation
    )


def _mean(a: Floats, b: Floats) -> Floats:
    difference: Floats = (a - b).mean(axis=-1) * TRADING_DAYS
    return difference


def _ratio(a: Floats, b: Floats) -> Floats:
    difference: Floats = sharpe(a) - sharpe(b)
    return difference


def _told(ratio: Floats, drawn: Floats | None) -> Estimate:
    value = float(ratio) if np.isfinite(ratio) else None
    return Estimate(value) if drawn is None else Estimate(value, *interval_of(drawn))


class TradePair(NamedTuple):
    """Hold a trade of either run, or of both where they opened the same at the same moment."""

    first: ClosedTrade | None
    second: ClosedTrade | None

    @property
    def opened(self) -> int:
        """Return when it was opened."""
        told = self.first or self.second
        assert told is not None
        return told.opened

    @property
    def gap(self) -> float:
        """Return what the first earned more with it, a trade that is not there earning 0."""
        return (self.first.net if self.first else 0.0) - (self.second.net if self.second else 0.0)

    @property
    def is_equal(self) -> bool:
        """Say whether both closed at one time and price, with one result."""
        return self.first == self.second


def pair_trades(first: Sequence[ClosedTrade], second: Sequence[ClosedTrade]) -> list[TradePair]:
    """Return the trades of two runs, matched by symbol, side and opening, in order of opening.

    Several closings of one opening are matched in their order.
    """
    waiting: dict[tuple[str, str, int], list[ClosedTrade]] = {}
    for trade in second:
        waiting.setdefault((trade.symbol, trade.side, trade.opened), []).append(trade)
    pairs = []
    for trade in first:
        queue = waiting.get((trade.symbol, trade.side, trade.opened))
        pairs.append(TradePair(trade, queue.pop(0) if queue else None))
    pairs += [TradePair(None, trade) for queue in waiting.values() for trade in queue]
    return sorted(pairs, key=lambda pair: pair.opened)

"""How the trades of one kind went over time: their curve, its deepest fall, its Sharpe ratio."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from assay.books.analytics.performance import Floats
from assay.books.analytics.ratios import Estimate, estimate_ratios
from assay.books.analytics.trades import ClosedTrade
from assay.model.time import DAY, SECOND

POINTS_MOST = 300


class Course(NamedTuple):
    """Hold how a part went: money in the account's currency, `held` a share of the time.

    `points` are seconds since 1970 and the net result of all trades closed until then.
    """

    drawdown: float
    sharpe: Estimate
    held: float | None
    points: list[tuple[int, float]]


def follow_part(
    trades: Sequence[ClosedTrade], cash: float, first: int, last: int
) -> Course:  # fmt: skip
    """Return the course of some trades, in order of closing, between two times (ns).

    The Sharpe ratio is of each day's net result over the opening `cash`, days without a closed
    trade included.
    """
    nets = np.array([trade.net for trade in trades], np.float64)
    worth = np.cumsum(nets)
    fall = np.maximum.accumulate(np.maximum(worth, 0.0)) - worth
    return Course(
        drawdown=float(fall.max(initial=0.0)),
        sharpe=_estimate(_by_day(trades, nets, first, last), cash),
        held=_share_held(trades, first, last),
        points=_thin([(trade.closed // SECOND, round(float(net), 4))
                      for trade, net in zip(trades, worth, strict=True)]),
    )  # fmt: skip


def _by_day(trades: Sequence[ClosedTrade], nets: Floats, first: int, last: int) -> Floats:
    days = np.array([trade.closed // DAY for trade in trades], np.int64) - first // DAY
    found = np.zeros(max(last // DAY - first // DAY + 1, 1))
    np.add.at(found, np.clip(days, 0, len(found) - 1), nets)
    # A market that closes at weekends has no days there, unless something was closed then.
    weekday = (np.arange(len(found)) + first // DAY + 3) % 7
    kept: Floats = found[(weekday < 5) | (found != 0)]
    return kept


def _estimate(daily: Floats, cash: float) -> Estimate:
    if cash <= 0 or not daily.any():
        return Estimate(None)
    return estimate_ratios(daily / cash)["sharpe"]


def _share_held(trades: Sequence[ClosedTrade], first: int, last: int) -> float | None:
    """Return the share of a span in which at least one of the trades was open.

    >>> one = ClosedTrade(0, 20, "EURUSD", "long", 1, 1, 1, 0, 5.0, "")
    >>> _share_held([one, one._replace(opened=10, closed=30)], 0, 60)
    0.5
    """
    if last <= first:
        return None
    held, until = 0, first
    for opened, closed in sorted((trade.opened, trade.closed) for trade in trades):
        held += max(min(closed, last) - max(opened, until), 0)
        until = max(until, closed)
    return held / (last - first)


def _thin(points: list[tuple[int, float]]) -> list[tuple[int, float]]:
    """Return the last point of each second, at most so many and the last of all among them."""
    last = list(dict(points).items())
    step = -(-len(last) // POINTS_MOST) or 1
    return last[::-1][::step][::-1]

"""The way of the price inside each bar: a Brownian bridge from the bar's open to its close."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assay.market.series import Float64s, Int64s

if TYPE_CHECKING:
    from assay.runtime.ids import Generator

STEPS = 12
"""Steps inside a bar; its high and low are those of the 13 points."""
CHUNK_ROWS = 1 << 15


@dataclass(frozen=True, slots=True, eq=False)
class Mids:
    """Hold each bar's log mid price at its open, its log return and the volatility of that."""

    opens: Float64s
    returns: Float64s
    sigma: Float64s


def trace_mids(level: float, returns: Float64s, jumps: Float64s, sigma: Float64s) -> Mids:
    """Return the mids of bars that begin at `level`, gapless but for the jumps before them."""
    closes = np.log(level) + np.cumsum(returns + jumps)
    return Mids(closes - returns, returns, sigma)


def walk_bids(mids: Mids, spreads: Int64s, digits: int, rng: Generator) -> Iterator[Int64s]:
    """Yield the bids (points, rows x 13) of each bar in blocks of rows, mid less half the spread.

    Rounding is monotone and a bar has one spread, so the extremes of bid and ask are at one point.
    """
    part = np.linspace(0.0, 1.0, STEPS + 1)
    for start in range(0, len(spreads), CHUNK_ROWS):
        rows = slice(start, start + CHUNK_ROWS)
        noise = rng.standard_normal((len(spreads[rows]), STEPS))
        noise *= (mids.sigma[rows] / np.sqrt(STEPS))[:, None]
        path = np.zeros((len(noise), STEPS + 1))
        np.cumsum(noise, axis=1, out=path[:, 1:])
        path += (mids.returns[rows] - path[:, -1])[:, None] * part
        path += mids.opens[rows][:, None]
        np.exp(path, out=path)
        path *= 10.0**digits
        path -= 0.5 * spreads[rows][:, None]
        yield np.rint(path).astype(np.int64)


def choose_points(bids: Int64s, count: int) -> Int64s:
    """Return `count` of each row's points in order: first, last, highest, lowest, and others."""
    rows, width = bids.shape
    order = np.arange(width)
    weight = np.broadcast_to((order * 5) % width, (rows, width)).copy()
    every = np.arange(rows)
    for wanted in (0, width - 1, np.argmax(bids, axis=1), np.argmin(bids, axis=1)):
        weight[every, wanted] = -1
    chosen = np.argsort(weight, axis=1, kind="stable")[:, :count]
    return np.sort(chosen, axis=1)

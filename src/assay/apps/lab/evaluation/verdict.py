"""What an evaluation comes to: intervals by resampling stretches of time, and one sentence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assay.runtime.ids import seeded_generator
from assay.signals.calibration.resampling import BlockCounts, count_blocks

Float64s = NDArray[np.float64]
Int64s = NDArray[np.int64]
DRAWS = 2_000
LEVEL = 0.95
HORIZONS_A_BLOCK = 2
BLOCKS_MIN = 20
SEED = 1
"""Resampling is part of the figures: equal evaluations give equal intervals."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeanNet:
    """Hold what taken decisions earned on average a lot, its interval, and how many stretches.

    Money is in minor units; None where nothing was taken, or too few stretches hold a decision.
    """

    mean: float | None
    lower: float | None
    upper: float | None
    blocks: int


def blocks_of(time: Int64s, horizon: int) -> Int64s:
    """Return the stretch of two horizons (both ns) that each bar belongs to."""
    return time // (HORIZONS_A_BLOCK * horizon)


def mean_net(net: Float64s, taken: NDArray[np.bool_], block: Int64s) -> MeanNet:
    """Return the mean net result of what was taken, with the interval that resampling gives.

    Rows of all instruments in one stretch of time stay together; stretches without a decision
    count too. Source: H. Kuensch, Annals of Statistics, 1989.
    """
    held = len(np.unique(block[taken]))
    if not held:
        return MeanNet(mean=None, lower=None, upper=None, blocks=0)
    mean = float(net[taken].mean())
    if held < BLOCKS_MIN:
        return MeanNet(mean=mean, lower=None, upper=None, blocks=held)
    counts = count_blocks(np.zeros(int(taken.sum()), np.int64), net[taken], block[taken], 1)
    idle = len(np.unique(block)) - held
    counts = BlockCounts(
        np.pad(counts.rows, ((0, idle), (0, 0))), np.pad(counts.successes, ((0, idle), (0, 0)))
    )
    lower, upper = interval(counts)
    return MeanNet(mean=mean, lower=float(lower[0]), upper=float(upper[0]), blocks=held)


def interval(counts: BlockCounts) -> tuple[Float64s, Float64s]:
    """Return the bounds of the mean of each bin; a bin that a draw misses has the others'."""
    rows, sums = counts.resample(DRAWS, seeded_generator(SEED))
    means = np.divide(sums, rows, out=np.full(rows.shape, np.nan), where=rows > 0)
    tail = (1 - LEVEL) / 2
    lower, upper = np.nanquantile(means, [tail, 1 - tail], axis=0)
    return lower, upper


def word_verdict(found: MeanNet, currency: str, money: float, *, skilled: bool) -> str:
    """Return the first line of an evaluation; `money` is minor units to one.

    >>> word_verdict(MeanNet(mean=4.0, lower=-100.0, upper=108.0, blocks=60), "USD", 100.0,
    ...              skilled=True)
    'No edge shown: the 95 % interval of the mean net result per decision, [-1.00, 1.08] USD \
a lot, includes 0'
    """
    if found.mean is None:
        why = "" if skilled else ", as its calibration showed no skill"
        return f"No edge shown: the model took no decision{why}"
    if found.lower is None or found.upper is None:
        return (
            f"No edge shown: decisions lie in {found.blocks} independent stretches of time, "
            f"{BLOCKS_MIN} are needed to tell"
        )
    place = "includes 0"
    head = "No edge shown"
    if found.lower > 0:
        head, place = "Edge shown", "is above 0"
    elif found.upper < 0:
        head, place = "Loss shown", "is below 0"
    return (
        f"{head}: the 95 % interval of the mean net result per decision, "
        f"[{found.lower / money:,.2f}, {found.upper / money:,.2f}] {currency} a lot, {place}"
    )


def reliability_of(p: Float64s, hit: NDArray[np.bool_], block: Int64s, bins: int) -> Any:
    """Return (forecast, came, lower, upper, count) by bin of about equal mass, ties together."""
    edges = np.unique(np.quantile(p, np.linspace(0, 1, bins + 1)[1:-1], method="nearest"))
    at = np.searchsorted(edges, p, side="right")
    _, at = np.unique(at, return_inverse=True)
    counts = count_blocks(at, hit, block, int(at.max()) + 1)
    rows, hits = counts.total
    forecast = np.bincount(at, weights=p) / rows
    lower, upper = interval(counts)
    came = hits / rows
    return forecast, came, np.minimum(lower, came), np.maximum(upper, came), rows.astype(np.int64)


def coverage_of(
    confidence: Float64s, right: NDArray[np.bool_], paid: NDArray[np.bool_], block: Int64s
) -> Any:
    """Return (share, right, lower, upper, paid) over the surest bars, wherever confidence falls.

    Bars of equal confidence come in together, so no order among them is chosen.
    """
    order = np.argsort(-confidence, kind="stable")
    ends = np.flatnonzero(np.diff(confidence[order], append=-np.inf))
    wanted = np.unique(np.searchsorted(ends, np.linspace(0.02, 1, 50) * len(order) - 1))
    ends = ends[np.minimum(wanted, len(ends) - 1)]
    slot = np.empty(len(order), np.int64)
    slot[order] = np.searchsorted(ends, np.arange(len(order)))
    counts = count_blocks(slot, right, block, len(ends))
    growing = BlockCounts(np.cumsum(counts.rows, axis=1), np.cumsum(counts.successes, axis=1))
    rows, hits = growing.total
    lower, upper = interval(growing)
    earned = np.cumsum(np.bincount(slot, weights=paid, minlength=len(ends)))
    return rows / len(order), hits / rows, lower, upper, earned / rows

"""Bars to hold indicators to: random, flat, jumping, extreme."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np

from assay.model.time import MINUTE, parse_time
from assay.runtime.ids import seeded_generator
from assay.signals.streams.columns import BarColumns, Int64s

START = parse_time("2021-03-01")
RANDOM_BARS = 6_000


def bars_from(closes: Int64s, seed: int = 0, gap: int = 0) -> BarColumns:
    """Return minute bars around these closes, opening `gap` points from the close before."""
    rng = seeded_generator(seed)
    opens = np.concatenate((closes[:1], closes[:-1])) + gap * rng.integers(-1, 2, len(closes))
    still = np.concatenate(([False], np.diff(closes) == 0))
    reach = np.where(still, 0, rng.integers(0, 25, (2, len(closes))))
    opens = np.where(still, closes, opens)
    return BarColumns(
        START + MINUTE * np.arange(1, len(closes) + 1),
        opens,
        np.maximum(opens, closes) + reach[0],
        np.minimum(opens, closes) - reach[1],
        closes,
        rng.integers(1, 40, len(closes)),
        rng.integers(1, 900, len(closes)).astype(np.float64),
        flow_from(closes, seed),
    )


def flow_from(closes: Int64s, seed: int) -> Int64s:
    """Return what quotes might have done inside such bars, as kernel/flow.py has it."""
    rng = seeded_generator(seed, 100)
    quotes = rng.integers(1, 300, len(closes))
    moved = np.minimum(np.abs(np.diff(closes, prepend=closes[0])), 2**20)
    depth = 10_000 * rng.integers(10, 2_000, (2, len(closes)))
    flow = 10_000 * rng.integers(-30_000, 30_001, len(closes))
    sums = quotes * (depth + 10_000 * rng.integers(1, 500, depth.shape))
    return np.column_stack((quotes, 4 * moved**2 + quotes - 1, flow, *depth, *sums))


def walk(seed: int, bars: int = 1500) -> Int64s:
    """Return closes of a random walk in points."""
    return 110_000 + np.cumsum(seeded_generator(seed).integers(-30, 31, bars))


@cache
def random_bars(bars: int = RANDOM_BARS) -> BarColumns:
    """Return a random walk with small gaps."""
    return bars_from(walk(1, bars), gap=3)


@cache
def flat_and_jumping_bars() -> BarColumns:
    """Return a walk with flat stretches of several lengths, jumps and a trend."""
    closes = walk(2, 4000)
    closes[300:340] = closes[300]
    closes[1000:1400] = closes[1000]
    closes[1700:] += 9_000
    closes[2500:2600] = closes[2500] + 40 * np.arange(100)
    closes[3000:] -= 15_000
    return bars_from(closes, seed=2, gap=5)


def flat_bars() -> BarColumns:
    """Return a market that never moves."""
    return bars_from(np.full(700, 110_000))


def falling_quiet_bars() -> BarColumns:
    """Return a walk that stops for good."""
    return bars_from(np.concatenate((walk(3, 300), np.full(1500, 109_000))))


def extreme_bars() -> BarColumns:
    """Return the largest prices there may be beside the smallest, zero and negative ones."""
    rng = seeded_generator(4)
    closes = rng.choice(np.array([1, 0, -5_000, 2**42, -(2**42), 7]), 900)
    return bars_from(closes, seed=4)


USUAL: dict[str, Callable[[], BarColumns]] = {
    "random": random_bars, "jumping": flat_and_jumping_bars,
}  # fmt: skip
ODD: dict[str, Callable[[], BarColumns]] = {
    "flat": flat_bars, "quiet": falling_quiet_bars, "extreme": extreme_bars,
}  # fmt: skip

"""A sketch of daily returns: small enough for a line, and enough to tell alike trials."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

WORDS = 4
SCALE = 31.0
"""Components have deviation 1 by design; 31 parts each keep four deviations in a byte."""
ALIKE = 0.5
"""Trials whose daily returns correlate by more than this are one cluster."""

Floats = npt.NDArray[np.float64]


def sketch_returns(days: npt.NDArray[np.int64], returns: Floats) -> str:
    """Return 256 random signs' sums of the centred daily returns, one byte each, in base64.

    `days` are numbers of days since 1970; the signs of a day are the same in every home, so that
    the cosine of two sketches estimates the correlation over the days in common to +-0.06. Empty
    where the returns do not vary. Source: Achlioptas, "Database-friendly Random Projections",
    Journal of Computer and System Sciences 66(4), 2003.
    """
    return next(iter(sketch_runs(days, [returns])))


def sketch_runs(days: npt.NDArray[np.int64], runs: Sequence[Floats]) -> Iterator[str]:
    """Yield the sketch of each run over the same days; one that ended early has fewer of them."""
    signs = _signs(days)
    for returns in runs:
        centred = returns - returns.mean() if len(returns) else returns
        size = float(np.sqrt(centred @ centred))
        if len(returns) < 2 or size <= 1e-12 * np.abs(returns).max(initial=0.0):
            yield ""
            continue
        scaled = (SCALE * centred / size).astype(np.float32)
        parts = np.rint(scaled @ signs[: len(returns)]).clip(-127, 127)
        yield b64encode(parts.astype(np.int8).tobytes()).decode()


def _signs(days: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
    """Return 64 x WORDS signs a day, by the mixer of splitmix64 (Steele et al., OOPSLA 2014)."""
    number = (days.astype(np.uint64) * _word(WORDS))[:, None] + np.arange(WORDS, dtype=np.uint64)
    z = np.asarray((number + _word(1)) * _word(0x9E3779B97F4A7C15), dtype=np.uint64)
    z = (z ^ (z >> _word(30))) * _word(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> _word(27))) * _word(0x94D049BB133111EB)
    z = z ^ (z >> _word(31))
    bits = np.unpackbits(z.astype("<u8").view(np.uint8), axis=1).astype(np.float32)
    bits *= 2
    bits -= 1
    return bits


def _word(number: int) -> npt.NDArray[np.uint64]:
    # Arrays wrap without a warning, single numbers do not.
    return np.array([number], dtype=np.uint64)


def _directions(sketches: Sequence[str]) -> Floats:
    rows = [np.frombuffer(b64decode(one), dtype=np.int8) for one in sketches]
    found: Floats = np.array(rows, dtype=np.float64)
    lengths: Floats = np.sqrt((found**2).sum(axis=1, keepdims=True))
    directions: Floats = found / np.maximum(lengths, 1.0)
    return directions


def cluster_sketches(sketches: Sequence[str]) -> tuple[list[int], list[float]]:
    """Return the cluster of each sketch, and as how many independent trials each cluster counts.

    A sketch joins the leader most like it if they correlate by more than ALIKE, else it leads a
    cluster of its own; what was there before stays as it was when more come. m trials of mean
    correlation r count as r + (1 - r) m. Sources: Hartigan, "Clustering Algorithms", 1975, chapter
    3 (leader algorithm); Bailey and Lopez de Prado (2014), appendix 3 (the count).
    """
    if not sketches:
        return [], []
    rows = _directions(sketches)
    leaders, sums = np.empty_like(rows), np.zeros_like(rows)
    owned: list[int] = []
    count = 0
    for row in rows:
        likeness = leaders[:count] @ row
        nearest = int(likeness.argmax()) if count else 0
        if not count or likeness[nearest] <= ALIKE:
            leaders[count] = row
            nearest, count = count, count + 1
        sums[nearest] += row
        owned.append(nearest)
    sizes = np.bincount(owned).tolist()
    return owned, [_count_independent(sums[k], sizes[k]) for k in range(count)]


def _count_independent(total: Floats, m: int) -> float:
    if m == 1:
        return 1.0
    mean = (float(total @ total) - m) / (m * (m - 1))
    mean = min(max(mean, 0.0), 1.0)
    return mean + (1 - mean) * m

"""Estimates of a broker's laws from few observations, each with an interval by bootstrap."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from assay.runtime.ids import seeded_generator

Floats = NDArray[np.float64]
RESAMPLES = 200
LOW, HIGH = 2.5, 97.5
ROUNDS = 400
_SMALL = 1e-9
FARTHEST = 4_096
"""Points beyond which no level is sought."""


class Estimate(NamedTuple):
    """Hold a figure with its 95 % interval and the number of observations behind it."""

    value: float
    low: float
    high: float
    seen: int

    @property
    def is_sure(self) -> bool:
        """Say whether the interval is within a tenth of the figure on either side.

        >>> Estimate(10.0, 9.5, 10.8, 50).is_sure, Estimate(10.0, 7.0, 13.0, 5).is_sure
        (True, False)
        """
        reach = max(self.value - self.low, self.high - self.value)
        return self.seen > 1 and reach <= 0.1 * abs(self.value) + _SMALL


def resample(
    values: Floats, measure: Callable[[Floats], float], seed: int, count: int = RESAMPLES
) -> Estimate:
    """Return a measure of values [n] and its interval over resamples with replacement."""
    if not len(values):
        return Estimate(np.nan, np.nan, np.nan, 0)
    generator, size = seeded_generator(seed), len(values)
    drawn = [
        measure(values[generator.integers(size, size=size)])
        for _ in range(count if size < 2_000 else count // 4)
    ]
    low, high = np.percentile(drawn, [LOW, HIGH])
    return Estimate(measure(values), float(low), float(high), len(values))


def share(hits: int, tried: int) -> Estimate:
    """Return a share and its interval by Wilson, which is honest where none or all hit.

    >>> share(0, 20).high < 0.2, share(5, 20).value
    (True, 0.25)
    """
    if not tried:
        return Estimate(np.nan, 0.0, 1.0, 0)
    z, found = 1.96, hits / tried
    middle = (found + z * z / (2 * tried)) / (1 + z * z / tried)
    reach = z * (found * (1 - found) / tried + z * z / (4 * tried**2)) ** 0.5 / (1 + z * z / tried)
    return Estimate(found, max(0.0, middle - reach), min(1.0, middle + reach), tried)


class SlipLaw(NamedTuple):
    """Hold how far fills lie off: in the mean `points + share x spread`, stops `factor` times."""

    points: float
    share: float
    factor: float


class Slips(NamedTuple):
    """Hold distinct (spread, slip, is_stop) [n] and how often each was seen [n]."""

    spread: Floats
    slip: Floats
    is_stop: NDArray[np.bool_]
    weight: Floats


def gather_slips(seen: Sequence[tuple[int, int, bool]]) -> Slips:
    """Count equal observations together; slips lose their sign."""
    rows = np.array([(s, abs(k), stop) for s, k, stop in seen], dtype=np.int64).reshape(-1, 3)
    distinct, weight = np.unique(rows, axis=0, return_counts=True)
    return Slips(
        distinct[:, 0].astype(float), distinct[:, 1].astype(float), distinct[:, 2] > 0,
        weight.astype(float),
    )  # fmt: skip


def _expected(slip: Floats, mean: Floats) -> Floats:
    """Return the mean of an exponential draw that was rounded to `slip`."""
    low = np.maximum(slip - 0.5, 0.0)
    width = slip + 0.5 - low
    # E[X | low < X < low + width]; for width >> mean the last part vanishes.
    ratio = np.minimum(width / mean, 700.0)
    return low + mean - width / np.expm1(ratio)


def fit_slips(slips: Slips, start: SlipLaw | None = None, rounds: int = ROUNDS) -> SlipLaw:
    """Fit the law by expectation and maximisation: slips are exponential, rounded to points.

    Where no market order slipped, as at a named price, only the stops' law is known and the factor
    is left at 1; where spreads never differ the share is 0.
    """
    law = start or SlipLaw(max(_SMALL, float(np.average(slips.slip, weights=slips.weight))), 0.0, 1)
    points, part, factor = law
    is_both = bool(slips.is_stop.any() and not slips.is_stop.all())
    varies = float(np.ptp(slips.spread)) > 0 if len(slips.spread) else False
    if varies and part <= 0:
        mean = float(np.average(slips.spread, weights=slips.weight))
        points, part = points / 2, points / 2 / max(mean, _SMALL)
    for _ in range(rounds):
        scale = np.where(slips.is_stop, factor, 1.0) if is_both else 1.0
        base = np.maximum(points + part * slips.spread, _SMALL)
        told = _expected(slips.slip, base * scale) / scale
        weight = slips.weight / base**2
        before = (points, part, factor)
        points, part = _line(slips.spread, told, weight, varies=varies)
        if is_both:
            base = np.maximum(points + part * slips.spread, _SMALL)
            stops = slips.is_stop
            drawn = _expected(slips.slip[stops], base[stops] * factor)
            factor = float(np.average(drawn / base[stops], weights=slips.weight[stops]))
        if np.allclose(before, (points, part, factor), rtol=1e-7, atol=1e-10):
            break
    return SlipLaw(points, part, factor)


def _line(spread: Floats, told: Floats, weight: Floats, *, varies: bool) -> tuple[float, float]:
    """Return the weighted line through (spread, told), neither part below zero."""
    flat = max(0.0, float(np.average(told, weights=weight)))
    if not varies:
        return flat, 0.0
    middle = float(np.average(spread, weights=weight))
    spreading = float(np.sum(weight * (spread - middle) ** 2))
    slope = float(np.sum(weight * (spread - middle) * told)) / spreading
    start = flat - slope * middle
    if slope <= 0:
        return flat, 0.0
    if start < 0:
        return 0.0, float(np.sum(weight * spread * told) / np.sum(weight * spread**2))
    return start, slope


def resample_slips(slips: Slips, seed: int, count: int = 60) -> tuple[Estimate, Estimate, Estimate]:
    """Return points, share and factor of the law, each with its interval."""
    law, total = fit_slips(slips), int(slips.weight.sum())
    drawn = []
    generator = seeded_generator(seed)
    for _ in range(count):
        weight = generator.multinomial(total, slips.weight / total).astype(float)
        kept = weight > 0
        part = Slips(slips.spread[kept], slips.slip[kept], slips.is_stop[kept], weight[kept])
        drawn.append(fit_slips(part, law, rounds=120))
    bounds = np.percentile(np.array(drawn), [LOW, HIGH], axis=0)
    return tuple(  # type: ignore[return-value]
        Estimate(value, float(low), float(high), total)
        for value, low, high in zip(law, bounds[0], bounds[1], strict=True)
    )


class Bracket(NamedTuple):
    """Hold an interval that a figure certainly lies in, by how it was rounded or refused."""

    low: float
    high: float
    seen: int

    def settle(self, told: float) -> tuple[float, bool]:
        """Return what is told where that fits what was seen, else the middle; and whether it fits.

        >>> Bracket(3.45, 3.55, 4).settle(3.5), Bracket(3.45, 3.55, 4).settle(7.0)
        ((3.5, True), (3.5, False))
        """
        if self.low - _SMALL <= told <= self.high + _SMALL:
            return told, True
        return (self.low + self.high) / 2, False


def bracket_rate(seen: Sequence[tuple[float, int]]) -> Bracket:
    """Return minor units a lot from (lots, minor units as they were rounded).

    >>> bracket_rate([(0.01, -4), (0.1, -35)])
    Bracket(low=-355.0, high=-350.0, seen=2)
    """
    low = max((minor - 0.5) / lots for lots, minor in seen)
    high = min((minor + 0.5) / lots for lots, minor in seen)
    return Bracket(round(min(low, high), 9), round(max(low, high), 9), len(seen))


def bracket_level(seen: Sequence[tuple[int, bool]]) -> Bracket:
    """Return between which distances a level lies: (distance, was refused).

    Where quotes moved between the try and the answer, tries may contradict; the level is then put
    where the fewest do.

    >>> bracket_level([(4, True), (19, True), (20, False), (32, False)])
    Bracket(low=19, high=20, seen=4)
    """
    refused = sorted(distance for distance, is_refused in seen if is_refused)
    taken = sorted(distance for distance, is_refused in seen if not is_refused)
    places = [0, *sorted({*refused, *(distance - 1 for distance in taken)})]
    wrong = {
        place: sum(d > place for d in refused) + sum(d <= place for d in taken) for place in places
    }
    fewest = min(wrong.values())
    best = [place for place in places if wrong[place] == fewest]
    low = best[0]
    above = [distance for distance in taken if distance > low]
    return Bracket(low, min(above, default=FARTHEST), len(seen))

"""An anytime-valid band of equity: what an unchanged strategy's days may come to, however long.

Evidence is a strategy's daily profits out of sample: n days of mean m. Of t live days with sum S,
D = S - t m has mean 0 and variance v0 = s^2 (t + t^2 / n) if nothing changed: its own noise, and
that of m. Against a mean that became lower by a half-normal amount of scale c, v1 = v0 + t^2 c^2,
the fair bet is worth

    e = 2 sqrt(v0 / v1) exp(x^2 / 2) normal(x),    x = -D t c / sqrt(v0 v1),

a supermartingale over evidence and live days together. So e reaches 1 / a with a probability of
a at most, however often and long one looks (Ville), and the band is where it has not. It is exact
for independent normal days of known s, and in the limit for others; c makes it tightest near day
`NEAREST`. Sources: Howard, Ramdas, McAuliffe and Sekhon, "Time-uniform, nonparametric,
nonasymptotic confidence sequences", Annals of Statistics 49(2), 2021 (the one-sided normal
mixture); Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas, "Time-uniform central limit theory and
asymptotic confidence sequences", Annals of Statistics 52(6), 2024 (days that are not normal).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log, sqrt
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import log_ndtr

from assay.books.analytics.deflated_sharpe import long_run_variance
from assay.model.errors import DataError

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

LEVEL, SCALE_SHARE = 0.05, 0.2
"""The chance of a false exit, and the share of it that is kept for a scale judged too small."""
FLAT_LEVEL = 0.01
NEAREST = 125
WIDTH = 9.0
"""v1 / v0 at day NEAREST: about where the bound is least for any level from 1 to 5 %."""
PATIENCE = 20
LEAST_DAYS = 60
FULL, HALF, FLAT = 1.0, 0.5, 0.0
_SOLVING = 16


class Evidence(NamedTuple):
    """Hold what a strategy's days out of sample say: how many, their mean and an upper scale."""

    days: int
    mean: float
    scale: float


class Band(NamedTuple):
    """Hold for each number of live days the expected sum, and the bounds around it."""

    centre: Floats
    lower: Floats
    upper: Floats


class Verdict(NamedTuple):
    """Hold from which live day on (counted from 1) which share of its size a strategy trades."""

    day: int
    size: float
    reason: str


@dataclass(frozen=True, slots=True)
class Watch:
    """Hold a live record beside its band: sums of profit at full size, e-values, and verdicts."""

    sums: Floats
    e_values: Floats
    band: Band
    verdicts: list[Verdict]

    @property
    def size(self) -> float:
        """Return the share of its size that the strategy is left with."""
        return self.verdicts[-1].size if self.verdicts else FULL


def weigh_evidence(profits: Floats) -> Evidence:
    """Return the mean of daily profits and a scale that is too small one time in a hundred.

    The variance is the larger of the plain and the long-run one, so that days which hang together
    widen it, times 1 + q sqrt((kurtosis - 1) / n), q being the normal quantile of 99 %. Raises
    DataError for fewer than 60 days, or where they do not vary.
    """
    n = len(profits)
    if n < LEAST_DAYS:
        raise DataError(f"the evidence has {n} days; {LEAST_DAYS} are needed for a band")
    apart = profits - profits.mean()
    plain = float(apart @ apart) / (n - 1)
    if plain <= 1e-24 * max(float(np.abs(profits).max()) ** 2, 1e-300):
        raise DataError("the days of the evidence do not vary; give a run that traded")
    variance = max(plain, long_run_variance(apart))
    tails = float((apart**4).mean()) / float((apart**2).mean()) ** 2
    quantile = NormalDist().inv_cdf(1 - SCALE_SHARE * LEVEL)
    variance *= 1 + quantile * sqrt(max(tails - 1, 0.0) / n)
    return Evidence(n, float(profits.mean()), sqrt(variance))


def draw_band(evidence: Evidence, days: int, level: float = LEVEL) -> Band:
    """Return the band of the sums of the first `days` live days, at full size.

    An unchanged strategy is below it at some time with a probability of `level` at most, and above
    it likewise.

    >>> band = draw_band(Evidence(500, 1.0, 10.0), 250)
    >>> band.centre[249].item(), round(band.lower[249]), round(band.upper[249])
    (250.0, -308, 808)
    """
    t = np.arange(1, days + 1, dtype=np.float64)
    reach = _reach(evidence, t, level)
    return Band(evidence.mean * t, evidence.mean * t - reach, evidence.mean * t + reach)


def weigh_live(evidence: Evidence, profits: Floats) -> tuple[Floats, Floats]:
    """Return the sums of live profits [..., t], and the e-value that their mean has fallen."""
    sums = np.cumsum(profits, axis=-1)
    t = np.arange(1, profits.shape[-1] + 1, dtype=np.float64)
    before, after = _variances(evidence, t)
    x = -(sums - evidence.mean * t) * np.sqrt((after - before) / (before * after))
    e = np.log(2) + 0.5 * np.log(before / after) + x * x / 2 + log_ndtr(x)
    # Far above what was expected x is far below 0, and the bet is lost.
    return sums, np.exp(np.minimum(e, 700.0))


def watch_live(evidence: Evidence, profits: Floats, sizes: Floats | None = None) -> Watch:
    """Return what comes of a live record: the verdict on its size changes after each exit.

    Below the band the size is halved. It is flat below the wider band of 1 %, after 20 days in a
    row below, or when it comes back and is below again; it grows again by a person alone. `sizes`
    are the shares of full size at which the days were traded, days of none being left out.
    """
    if sizes is not None:
        traded = sizes > 0
        profits = profits[traded] / sizes[traded]
    sums, e_values = weigh_live(evidence, profits)
    band = draw_band(evidence, len(profits))
    wide = draw_band(evidence, len(profits), FLAT_LEVEL)
    return Watch(sums, e_values, band, _judge(sums, band, wide))


def _judge(sums: Floats, band: Band, wide: Band) -> list[Verdict]:
    below = np.flatnonzero(sums < band.lower)
    if not len(below):
        return []
    first = int(below[0])
    fallen = band.centre[first] - sums[first]
    reason = (
        f"equity is {fallen:,.2f} below what the evidence expects after {first + 1} days, more "
        f"than the {band.centre[first] - band.lower[first]:,.2f} of an unchanged strategy"
    )
    found = [Verdict(first + 1, HALF, reason)]
    for day in range(first, len(sums)):
        if why := _why_flat(sums, band, wide, (first, day)):
            halved = found if day > first else []
            return [*halved, Verdict(day + 1, FLAT, f"{reason}; {why}" if not halved else why)]
    return found


def _why_flat(sums: Floats, band: Band, wide: Band, span: tuple[int, int]) -> str:
    first, day = span
    if sums[day] >= band.lower[day]:
        return ""
    if sums[day] < wide.lower[day]:
        return f"equity is below the band of {100 * FLAT_LEVEL:g} % too"
    inside = np.flatnonzero(sums[first:day] >= band.lower[first:day])
    if len(inside):
        return "equity came back into the band and is below it again"
    if day - first >= PATIENCE:
        return f"equity is below the band for {PATIENCE} days since the size was halved"
    return ""


def _variances(evidence: Evidence, t: Floats) -> tuple[Floats, Floats]:
    square = evidence.scale**2
    near = NEAREST + NEAREST**2 / evidence.days
    widening = (WIDTH - 1) * near / NEAREST**2
    before = square * (t + t * t / evidence.days)
    return before, before + square * widening * t * t


def _reach(evidence: Evidence, t: Floats, level: float) -> Floats:
    """Return how far below the expected sum the e-value reaches 1 / level."""
    before, after = _variances(evidence, t)
    kept = level * (1 - SCALE_SHARE)
    bound = log(1 / (2 * kept)) + 0.5 * np.log(after / before)
    x = np.sqrt(2 * bound)
    for _ in range(_SOLVING):  # log normal(x) is flat here, so each round gains digits
        x = np.sqrt(2 * (bound - log_ndtr(x)))
    return np.asarray(x * np.sqrt(before * after / (after - before)))

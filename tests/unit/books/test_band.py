"""The live band: how often it is left by a strategy that did not change, and by one that did."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from assay.books.analytics.band import (
    FLAT,
    HALF,
    LEVEL,
    SCALE_SHARE,
    WIDTH,
    Evidence,
    draw_band,
    watch_live,
    weigh_evidence,
    weigh_live,
)
from assay.model.errors import DataError
from assay.runtime.ids import seeded_generator

YEARS, PAST, YEAR = 1_000, 500, 252
Draw = Callable[[np.random.Generator, tuple[int, int]], np.ndarray]


def _normal(generator: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    return generator.standard_normal(shape)


def _fat(generator: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    return generator.standard_t(3, shape)


def _lingering(generator: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    noise = generator.standard_normal(shape)
    for day in range(1, shape[1]):
        noise[:, day] += 0.3 * noise[:, day - 1]
    return noise


def _clustered(generator: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    # GARCH(1, 1) of unit variance: what is near is alike volatile.
    noise, found = generator.standard_normal(shape), np.empty(shape)
    variance = np.ones(shape[0])
    for day in range(shape[1]):
        found[:, day] = np.sqrt(variance) * noise[:, day]
        variance = 0.02 + 0.08 * found[:, day] ** 2 + 0.9 * variance
    return found


def exits(draw: Draw, seed: int, fall: float = 0.0) -> float:
    """Return how many of the years are below their band at some time."""
    days = draw(seeded_generator(seed), (YEARS, PAST + YEAR))
    count = 0
    for row in days:
        evidence = weigh_evidence(row[:PAST])
        lower = draw_band(evidence, YEAR).lower
        count += bool((np.cumsum(row[PAST:] - fall) < lower).any())
    return count / YEARS


@pytest.mark.parametrize("draw", [_normal, _fat, _lingering, _clustered])
def test_an_unchanged_strategy_is_below_its_band_in_five_years_of_a_hundred_at_most(
    draw: Draw,
) -> None:
    assert exits(draw, seed=11) <= LEVEL


def test_a_strategy_that_lost_its_mean_falls_out_of_the_band() -> None:
    assert exits(_normal, seed=12, fall=0.5) > 0.95
    assert 0.2 < exits(_normal, seed=12, fall=0.2) < 0.8


def test_the_bet_is_what_integration_over_lower_means_gives() -> None:
    evidence, generator = Evidence(120, 0.4, 2.0), seeded_generator(3)
    live = generator.normal(-0.3, 2.0, 40)
    sums, e_values = weigh_live(evidence, live)
    near = 125 + 125**2 / evidence.days
    scale = evidence.scale * np.sqrt((WIDTH - 1) * near / 125**2)
    falls = np.linspace(0, 12 * scale, 400_001)
    prior = 2 * np.exp(-0.5 * (falls / scale) ** 2) / (scale * np.sqrt(2 * np.pi))
    for t in (1, 7, 40):
        apart = sums[t - 1] - evidence.mean * t
        variance = evidence.scale**2 * (t + t**2 / evidence.days)
        bet = np.exp((apart**2 - (apart + falls * t) ** 2) / (2 * variance))
        assert e_values[t - 1] == pytest.approx(np.trapezoid(bet * prior, falls), rel=1e-6)


@pytest.mark.parametrize("level", [0.05, 0.01])
def test_on_the_band_the_bet_is_worth_its_level(level: float) -> None:
    evidence = Evidence(300, -1.0, 30.0)
    lower = draw_band(evidence, 400, level).lower
    profits = np.diff(lower, prepend=0.0)
    _, e_values = weigh_live(evidence, profits)
    assert e_values == pytest.approx(np.full(400, 1 / (level * (1 - SCALE_SHARE))), rel=1e-9)


def test_the_size_halves_below_and_is_flat_where_that_lasts() -> None:
    evidence = Evidence(500, 0.0, 1.0)
    lower, wide = draw_band(evidence, 120).lower, draw_band(evidence, 120, 0.01).lower
    between = (lower + wide) / 2
    sums = np.zeros(120)
    sums[60:] = between[60:]
    watch = watch_live(evidence, np.diff(sums, prepend=0.0))
    assert [(one.day, one.size) for one in watch.verdicts] == [(61, HALF), (81, FLAT)]
    assert "20 days" in watch.verdicts[1].reason

    sums[70:] = 0.0
    assert watch_live(evidence, np.diff(sums, prepend=0.0)).size == HALF
    sums[90:] = between[90:]
    watch = watch_live(evidence, np.diff(sums, prepend=0.0))
    assert [(one.day, one.size) for one in watch.verdicts] == [(61, HALF), (91, FLAT)]
    assert "came back" in watch.verdicts[1].reason

    sums[60:] = wide[60:] - 1
    watch = watch_live(evidence, np.diff(sums, prepend=0.0))
    assert [(one.day, one.size) for one in watch.verdicts] == [(61, FLAT)]


def test_days_at_half_size_are_counted_as_whole_ones() -> None:
    evidence, generator = Evidence(500, 0.0, 1.0), seeded_generator(8)
    profits = generator.normal(-0.4, 1.0, 150)
    sizes = np.where(np.arange(150) < 80, 1.0, 0.5)
    sizes[100:110] = 0.0
    kept = np.delete(profits, np.s_[100:110])
    whole, scaled = watch_live(evidence, kept), watch_live(evidence, profits * sizes, sizes)
    assert scaled.sums == pytest.approx(whole.sums)
    assert [one.day for one in scaled.verdicts] == [one.day for one in whole.verdicts]


def test_too_little_evidence_draws_no_band() -> None:
    with pytest.raises(DataError, match="59 days; 60 are needed"):
        weigh_evidence(np.arange(59.0))
    with pytest.raises(DataError, match="do not vary"):
        weigh_evidence(np.full(100, 0.1))

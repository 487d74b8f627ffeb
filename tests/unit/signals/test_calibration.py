"""Calibration keeps its word, its bounds hold what they promise, and noise shows no skill."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.model.errors import DataError
from assay.runtime.ids import seeded_generator
from assay.signals.calibration import (
    ONE,
    StepTable,
    bin_scores,
    find_method,
    fit_slope,
    fit_steps,
    mirror_rows,
    to_score,
)
from assay.signals.calibration.methods.isotonic import pool_adjacent

if TYPE_CHECKING:
    from assay.runtime.ids import Generator

ISOTONIC = find_method("isotonic")
ROWS, HORIZON = 24_000, 30


def persistent(rng: Generator, rows: int) -> np.ndarray:
    """Scores that change slowly, as those of neighbouring bars do."""
    steps = rng.normal(size=rows)
    path = np.convolve(steps, np.ones(HORIZON) / HORIZON**0.5, mode="same")
    return np.clip(0.5 + 0.05 * path, 0.01, 0.99)


def outcomes(rng: Generator, p: np.ndarray) -> np.ndarray:
    """Outcomes that neighbours share, as labels of overlapping brackets do."""
    draws = np.repeat(rng.random(len(p) // HORIZON + 1), HORIZON)[: len(p)]
    return draws < p


def sample(seed: int, skill: float) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    rng = seeded_generator(seed)
    score = persistent(rng, ROWS)
    truth = 0.5 + skill * (score - 0.5)
    return to_score(score), outcomes(rng, truth), np.arange(ROWS) // (2 * HORIZON), truth


def test_skill_is_found_and_noise_is_not() -> None:
    found = dict.fromkeys((0.0, 1.0), 0)
    for seed in range(20):
        for skill in found:
            score, hit, block, _ = sample(seed, skill)
            slope = fit_slope(bin_scores(score, hit, block), level=0.01, rng=seeded_generator(9))
            found[skill] += slope.is_positive
    assert found[0.0] <= 1
    assert found[1.0] >= 14


def test_bounds_hold_the_truth_about_as_often_as_they_promise() -> None:
    inside = []
    for seed in range(30):
        score, hit, block, truth = sample(seed, 1.0)
        table = fit_steps(
            bin_scores(score, hit, block), ISOTONIC, level=0.1, rng=seeded_generator(seed, 1)
        )
        _, lower, upper = table.look_up(score)
        inside.append(np.mean((truth * ONE >= lower) & (truth * ONE <= upper)))
    assert 0.65 <= float(np.mean(inside)) <= 0.97


def test_a_drift_of_the_span_is_no_forecast() -> None:
    score, hit, block, _ = sample(2, 1.0)
    drifting = hit | (seeded_generator(4).random(ROWS) < 0.2)
    plain = bin_scores(score, drifting, block)
    mirrored = bin_scores(*mirror_rows(score, drifting, block))
    tables = [
        fit_steps(each, ISOTONIC, level=0.1, rng=seeded_generator(1)) for each in (plain, mirrored)
    ]
    neutral = [int(table.look_up(np.array([ONE // 2]))[0][0]) for table in tables]
    assert neutral[0] > 0.57 * ONE
    assert abs(neutral[1] - ONE // 2) <= 0.005 * ONE
    p, lower, upper = tables[1].look_up(np.arange(ONE + 1))
    assert np.abs(p + p[::-1] - ONE).max() <= 0.01 * ONE
    assert (lower <= p).all()
    assert (p <= upper).all()
    assert p[-1] > 0.55 * ONE


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=1, max_size=20))
def test_pooled_frequencies_rise_and_keep_the_mean(cells: list[tuple[int, int]]) -> None:
    rows = np.array([float(max(pair)) for pair in cells])
    hits = np.array([float(min(pair)) for pair in cells])
    fitted = pool_adjacent(rows, hits)
    assert np.all(np.diff(fitted) >= -1e-12)
    assert abs(float((fitted * rows).sum() - hits.sum())) < 1e-6


def test_too_few_stretches_are_refused() -> None:
    score = np.arange(100)
    with pytest.raises(DataError, match="7 independent stretches are too few"):
        bin_scores(score, score > 50, score % 7)


@pytest.mark.parametrize("start", [(1,), (0, 0), (0, 5, 3)])
def test_a_table_of_steps_that_do_not_rise_from_zero_is_refused(start: tuple[int, ...]) -> None:
    flat = tuple(5000 for _ in start)
    with pytest.raises(DataError, match="step"):
        StepTable(start, flat, flat, flat)

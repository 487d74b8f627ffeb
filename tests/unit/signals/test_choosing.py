"""A calibration method is chosen by later rows of its own span, and only where that shows it."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
from scipy.optimize import minimize

from assay.model.errors import UsageError
from assay.runtime.ids import seeded_generator
from assay.signals.calibration import (
    AUTO,
    FEWEST_PARTS,
    Later,
    bin_scores,
    choose_method,
    find_method,
    method_names,
    to_score,
)
from assay.signals.calibration.logistic import fit_logistic, fit_rising
from assay.signals.calibration.methods.isotonic import pool_adjacent
from assay.signals.calibration.methods.venn_abers import imagine_outcomes
from assay.signals.training import Rows
from assay.signals.training.calibrating import calibrate

BLOCK, LEVELS = 20, 16
HORIZON = 10
"""Rows that a label reaches over; a row a nanosecond."""


def told(seed: int, rows: int, shape: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = seeded_generator(seed)
    score = np.linspace(0.35, 0.65, LEVELS)[rng.integers(LEVELS, size=rows)]
    odds = (score / (1 - score)) ** 1.5
    truth = {"line": odds / (1 + odds), "step": np.where(score > 0.6, 0.85, 0.45)}[shape]
    return to_score(score), rng.random(rows) < truth, np.arange(rows) // BLOCK


def chosen(
    shape: str, seed: int, rows: int, later: int = 12_000
) -> tuple[str, str, dict[str, float]]:
    choice = choose_method(
        bin_scores(*told(seed, rows, shape)), Later(*told(seed + 1, later, shape)),
        rng=seeded_generator(1),
    )  # fmt: skip
    return choice.method, choice.reason, choice.losses


def test_a_line_is_preferred_where_the_truth_is_one() -> None:
    method, reason, losses = chosen("line", 11, 1_500)
    assert method == min(losses, key=losses.__getitem__)
    assert method != FEWEST_PARTS
    assert reason.startswith(f"{method} is better on later rows by 0.00")
    assert set(losses) == set(method_names())


def test_steps_stay_where_the_truth_is_none() -> None:
    method, _, losses = chosen("step", 11, 6_000)
    assert method in (FEWEST_PARTS, "venn-abers")
    assert losses[FEWEST_PARTS] < min(losses["platt"], losses["beta"])


def test_an_advantage_within_its_error_changes_nothing() -> None:
    method, reason, losses = chosen("line", 24, 12_000, 500)
    assert min(losses, key=losses.__getitem__) != FEWEST_PARTS
    assert method == FEWEST_PARTS
    assert reason.endswith("not enough to leave it")


def test_too_few_later_stretches_choose_nothing() -> None:
    earlier = bin_scores(*told(1, 400, "line"))
    choice = choose_method(earlier, Later(*told(2, 19 * BLOCK, "line")), rng=seeded_generator(1))
    assert choice.method == FEWEST_PARTS
    assert choice.reason == "19 later stretches are too few to choose on, 20 are needed"
    assert not choice.losses


def held(rows: int) -> tuple[Rows, np.ndarray]:
    """Return labelled rows and the model's probabilities of them."""
    score, hit, _ = told(3, rows, "line")
    time = np.arange(rows)
    columns = dict.fromkeys((each.name for each in fields(Rows)), np.zeros(rows, dtype=np.int64))
    given = {"time": time, "end": time + HORIZON, "up": hit.astype(np.int8), "long_net": hit - 0.5}
    return Rows(**{**columns, **given}), (score / 10_000).astype(np.float32)


def calibrated(rows: Rows, probabilities: np.ndarray, method: str = AUTO):
    return calibrate(rows, probabilities, horizon=HORIZON, method=method, seed=1)


def test_rows_whose_labels_overlap_the_cut_are_in_neither_part() -> None:
    rows, probabilities = held(2_000)
    found = calibrated(rows, probabilities)
    edge = int(np.quantile(rows.time, 0.6, method="nearest"))
    lied = rows.up.copy()
    lied[edge - HORIZON : edge + HORIZON] ^= 1
    other = calibrated(replace(rows, up=lied), probabilities)
    assert other.choice.losses == found.choice.losses
    assert other.up != found.up
    lied[edge + HORIZON] ^= 1
    assert calibrated(replace(rows, up=lied), probabilities).choice.losses != found.choice.losses
    lied = rows.up.copy()
    lied[edge - HORIZON - 1] ^= 1
    assert calibrated(replace(rows, up=lied), probabilities).choice.losses != found.choice.losses


def test_a_short_span_is_calibrated_by_the_method_of_fewest_parts() -> None:
    choice = calibrated(*held(240)).choice
    assert choice.method == FEWEST_PARTS
    assert choice.reason == (
        "of the earlier part, 7 independent stretches are too few to calibrate on, 8 are needed"
    )


@pytest.mark.parametrize("name", method_names())
def test_a_method_asked_for_is_taken(name: str) -> None:
    rows, probabilities = held(800)
    found = calibrated(rows, probabilities, name)
    assert (found.choice.method, found.choice.reason) == (name, "as set")


def test_an_unknown_method_is_refused() -> None:
    with pytest.raises(UsageError, match="'spline' is unknown; use one of auto, isotonic, beta,"):
        find_method("spline")


def test_venn_abers_equals_isotonic_fits_with_one_more_row() -> None:
    rng = seeded_generator(6)
    rows = rng.integers(0, 20, size=15).astype(float)
    hits = np.floor(rows * rng.random(15))
    for weight in (1.0, 7.0):
        low, high = imagine_outcomes(rows[None], hits[None], weight)
        for at in range(15):
            more = rows + weight * (np.arange(15) == at)
            assert low[0, at] == pytest.approx(pool_adjacent(more, hits)[at])
            more_hits = hits + weight * (np.arange(15) == at)
            assert high[0, at] == pytest.approx(pool_adjacent(more, more_hits)[at])


@pytest.mark.parametrize("seed", range(4))
def test_the_rising_fit_is_the_best_among_those_that_rise(seed: int) -> None:
    rng = seeded_generator(seed)
    features = rng.normal(size=(12, 2))
    rows = rng.integers(5, 60, size=(1, 12)).astype(float)
    hits = np.floor(rows * rng.random((1, 12)))

    def misfit(weights: np.ndarray) -> float:
        odds = weights[0] + features @ weights[1:]
        return float((rows[0] * np.logaddexp(0, odds) - hits[0] * odds).sum())

    free = minimize(misfit, np.zeros(3), method="BFGS").x
    bound = minimize(misfit, np.zeros(3), method="L-BFGS-B", bounds=[(None, None), (0, 9), (0, 9)])
    assert misfit(fit_logistic(features, rows, hits)[0]) <= misfit(free) + 1e-6
    found = fit_rising(features, rows, hits)[0]
    assert (found[1:] >= 0).all()
    assert misfit(found) <= bound.fun + 1e-6


def test_features_that_say_the_same_or_nothing_are_no_trouble() -> None:
    one = np.linspace(-1, 1, 9)
    rows = np.full((1, 9), 50.0)
    hits = np.round(rows / (1 + np.exp(-one)))
    twice = fit_logistic(np.column_stack([one, one, np.ones(9)]), rows, hits)[0]
    single = fit_logistic(one[:, None], rows, hits)[0]
    assert twice[1] + twice[2] == pytest.approx(single[1], abs=1e-6)
    assert twice[3] == 0

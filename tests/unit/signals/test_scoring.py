"""Scores against scikit-learn, and against what they must be where that has none."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from assay.runtime.ids import seeded_generator
from assay.signals.calibration.scoring import ECE_BINS, equal_mass_bins, score_probabilities


@pytest.mark.parametrize("levels", [7, 100, 100_000])
@pytest.mark.parametrize("seed", range(3))
def test_scores_are_those_of_scikit_learn(seed: int, levels: int) -> None:
    rng = seeded_generator(seed)
    p = rng.integers(0, levels + 1, 5_000) / levels
    hit = rng.random(5_000) < 0.25 + 0.5 * p
    found = score_probabilities(p, hit)
    assert found.brier == pytest.approx(metrics.brier_score_loss(hit, p), rel=1e-12)
    assert found.auc == pytest.approx(metrics.roc_auc_score(hit, p), rel=1e-12)
    inner = np.clip(p, 1e-6, 1 - 1e-6)
    assert found.log_loss == pytest.approx(metrics.log_loss(hit, inner), rel=1e-9)


@given(st.lists(st.tuples(st.integers(0, 10), st.booleans()), max_size=60))
def test_undefined_scores_are_none_and_others_in_bounds(rows: list[tuple[int, bool]]) -> None:
    p = np.array([level / 10 for level, _ in rows])
    hit = np.array([came for _, came in rows], dtype=np.bool_)
    found = score_probabilities(p, hit)
    assert (found.brier is None) == (not rows)
    assert (found.auc is None) == (len({came for _, came in rows}) < 2)
    for score in (found.brier, found.ece, found.auc):
        assert score is None or 0 <= score <= 1


def test_calibration_error_is_the_mean_gap_of_fifteen_equal_bins() -> None:
    rng = seeded_generator(4)
    p = rng.random(3_007)
    hit = rng.random(3_007) < p**2
    parts = equal_mass_bins(p, ECE_BINS)
    assert len(parts) == 15
    assert {len(part) for part in parts} == {200, 201}
    slow = sum(abs(sum(p[part]) - sum(hit[part])) for part in parts) / len(p)
    assert score_probabilities(p, hit).ece == pytest.approx(slow)

"""Prediction sets of a label that is no trade keep their word, and look at nothing unknown."""

from __future__ import annotations

import numpy as np
import pytest

from assay.runtime.ids import seeded_generator
from assay.signals.calibration import ONE
from assay.signals.guard import MISSES, start_reach, track_sets

ROWS, HORIZON = 20_000, 20


def stream(seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = seeded_generator(seed)
    p = rng.integers(500, 9_500, size=ROWS)
    return p, rng.random(ROWS) < p / ONE


@pytest.mark.parametrize("lie", ["none", "inverted", "sure"])
def test_a_tenth_is_missed_whatever_the_forecasts_are_worth(lie: str) -> None:
    p, hit = stream(1)
    reach = start_reach(p[:2_000], hit[:2_000])
    if lie == "inverted":
        p = ONE - p
    if lie == "sure":
        p = np.where(p > ONE // 2, 9_990, 10)
    held = track_sets(p, hit, np.arange(ROWS) + HORIZON, reach=reach, horizon=HORIZON)
    missed = ~held[np.arange(ROWS), hit.astype(int)]
    # The reach needs some labels to get to where sets hold enough.
    assert missed[ROWS // 2 :].mean() == pytest.approx(MISSES, abs=0.01)


def test_a_set_hangs_on_no_outcome_that_is_not_known() -> None:
    p, hit = stream(2)
    known = np.arange(ROWS) + HORIZON
    whole = track_sets(p, hit, known, reach=6_000, horizon=HORIZON)
    cut = 9_000
    other = np.where(np.arange(ROWS) > cut - HORIZON, ~hit, hit)
    again = track_sets(p, other, known, reach=6_000, horizon=HORIZON)
    assert np.array_equal(whole[: cut + 1], again[: cut + 1])
    assert not np.array_equal(whole, again)


def test_the_first_reach_misses_a_tenth_of_its_span() -> None:
    p, hit = stream(3)
    reach = start_reach(p, hit)
    lacking = np.where(hit, ONE - p, p)
    assert (lacking > reach).mean() == pytest.approx(MISSES, abs=0.002)

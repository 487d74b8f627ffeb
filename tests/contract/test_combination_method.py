"""Every way to combine members found: weights at least 0, noise left out, equal asks repeated."""

from __future__ import annotations

import numpy as np
import pytest

from assay.model.errors import UsageError
from assay.runtime.ids import seeded_generator
from assay.signals.calibration.logistic import logistic
from assay.signals.calibration.scoring import log_losses
from assay.signals.ensemble import CELLS, FEWEST_PARTS, HeldOut, find_method, method_names

ROWS = 6_000
each_method = pytest.mark.parametrize("name", method_names())


def held_out(members: int, *, seed: int = 1, noise: int = 0) -> HeldOut:
    """Return members that each know a part of the truth, and others that know nothing."""
    rng = seeded_generator(seed)
    parts = rng.normal(0, 0.4, (ROWS, members))
    up = rng.random(ROWS) < logistic(parts.sum(axis=1))
    odds = np.column_stack([parts, rng.normal(0, 0.4, (ROWS, noise))])
    return HeldOut(
        odds=odds, up=up, weight=np.ones(ROWS), age=np.linspace(1, 0, ROWS),
        cell=rng.integers(len(CELLS), size=ROWS),
    )  # fmt: skip


def loss_of(weights: np.ndarray, held: HeldOut) -> float:
    odds = (held.odds * weights[held.cell]).sum(axis=1)
    return float(log_losses(logistic(odds), held.up).mean())


@each_method
def test_weights_are_at_least_nothing_and_the_same_again(name: str) -> None:
    held = held_out(3)
    weights = find_method(name).weigh(held)
    assert weights.shape == (len(CELLS), 3)
    assert np.isfinite(weights).all()
    assert (weights >= 0).all()
    assert weights.any()
    assert np.array_equal(weights, find_method(name).weigh(held))


@each_method
def test_on_later_rows_it_is_no_worse_than_the_best_member(name: str) -> None:
    held, later = held_out(3, noise=1), held_out(3, seed=2, noise=1)
    alone = [loss_of(np.tile(row, (len(CELLS), 1)), later) for row in np.eye(4)]
    assert loss_of(find_method(name).weigh(held), later) < min(alone) + 0.006


@each_method
def test_what_knows_nothing_hardly_counts(name: str) -> None:
    weights = find_method(name).weigh(held_out(2, noise=1))
    assert (weights[:, 2] <= 0.2 * weights.sum(axis=1)).all()


@each_method
def test_of_members_without_skill_it_says_something_finite(name: str) -> None:
    weights = find_method(name).weigh(held_out(0, noise=3))
    assert np.isfinite(weights).all()
    assert (weights >= 0).all()


def test_they_are_found_by_name() -> None:
    assert method_names()[0] == FEWEST_PARTS
    assert set(method_names()) == {"best", "select", "stack", "vote"}
    with pytest.raises(UsageError, match="combination 'sum' is unknown; use one of auto, vote"):
        find_method("sum")

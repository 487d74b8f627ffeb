"""Regimes enter where they help, and nothing is claimed of those that do not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from assay.apps.lab.evaluation.ablation import AblationRequest, ablate_regimes, weigh_regimes
from assay.model.errors import UsageError
from assay.runtime.ids import seeded_generator
from assay.signals.calibration.logistic import logistic
from assay.signals.ensemble import HeldOut
from assay.signals.training.folds import Labels, purged_folds
from tests.replay.taught import make_model

ROWS, REACH, STRETCH = 12_000, 10, 60


def planted(seed: int) -> HeldOut:
    """Return two members of whom the first sees the truth in calm, the other in turbulent rows."""
    rng = seeded_generator(seed, 5)
    cell = rng.integers(0, 3, ROWS // STRETCH).repeat(STRETCH)
    truth = rng.normal(0, 0.8, ROWS)
    blind = rng.normal(0, 0.8, (ROWS, 2))
    odds = np.column_stack([truth, truth])
    odds[cell == 2, 0], odds[cell == 0, 1] = blind[cell == 2, 0], blind[cell == 0, 1]
    return HeldOut(
        odds=odds, up=rng.random(ROWS) < logistic(truth), weight=np.ones(ROWS),
        age=np.linspace(1, 0, ROWS), cell=cell,
    )  # fmt: skip


def test_cells_that_tell_whom_to_trust_improve_and_others_are_not_shown_to() -> None:
    held = planted(1)
    other = replace(held, cell=seeded_generator(2, 5).integers(0, 3, ROWS))
    time = np.arange(ROWS)
    parts = purged_folds(Labels(time=time, end=time + REACH), folds=4)
    found = weigh_regimes({"told": held, "noise": other}, parts, time // (2 * REACH))
    told, noise = found["variants"]["told"], found["variants"]["noise"]
    assert told["improves"]
    assert 0 < told["low"] < told["gain"] < told["high"]
    assert told["gain"] > 0.01
    assert not noise["improves"]
    assert noise["low"] < 0
    assert 0.5 < found["log_loss"] < np.log(2)
    assert found == weigh_regimes({"told": held, "noise": other}, parts, time // (2 * REACH))


def test_a_model_of_one_family_has_nothing_to_ablate(tmp_path: Path) -> None:
    model = make_model(tmp_path / "models", window=5)
    with pytest.raises(UsageError, match="no members to weigh"):
        ablate_regimes(AblationRequest(model=model, data=[]))

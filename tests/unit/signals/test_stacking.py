"""What a combination learns from is said by members that did not see the row, and is kept."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from assay.signals.training.stacking import describe_held_out, hold_out
from tests.unit.signals.test_leaks import NAMES, rows_of

ROWS = np.arange(1_000)
FAMILIES = ("xgboost",)


def test_the_label_of_a_row_changes_the_answers_of_others_and_never_its_own() -> None:
    rows = rows_of(0.3).take(ROWS)
    place = 600
    up = rows.up_soon.copy()
    up[place] = 1 - up[place]
    before = hold_out(rows, FAMILIES, seed=1)
    after = hold_out(replace(rows, up_soon=up), FAMILIES, seed=1)
    assert np.isfinite(before).all()
    assert after[place] == before[place]
    assert (after != before).any()
    told = describe_held_out(rows, before, NAMES)
    assert (told.age[0], told.age[-1]) == (1, 0)
    assert np.array_equal(told.odds[:, 0] > 0, before[:, 0] > 0.5)


def test_what_was_held_out_before_an_interrupt_is_not_done_again(tmp_path: Path) -> None:
    rows, asked = rows_of(0.3).take(ROWS), []

    def tell(stage: str, share: float) -> None:
        asked.append((stage, share))
        if len(asked) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        hold_out(rows, FAMILIES, seed=1, keep=tmp_path, tell=tell)
    assert asked == [("holding out of xgboost", share) for share in (0.0, 0.25, 0.5)]
    kept = sorted(tmp_path.iterdir())
    assert [path.name for path in kept] == ["held-out-xgboost-1.npy", "held-out-xgboost-2.npy"]
    np.save(kept[0], np.full(250, 0.75))
    found = hold_out(rows, FAMILIES, seed=1, keep=tmp_path)
    assert (found[:250] == 0.75).all()
    assert np.array_equal(found, hold_out(rows, FAMILIES, seed=1, keep=tmp_path))
    assert len(list(tmp_path.iterdir())) == 4

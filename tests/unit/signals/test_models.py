"""Finding families, writing trees as a graph, serving graphs, and keeping progress."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.tree import DecisionTreeClassifier

from assay.model.errors import DataError, UsageError
from assay.signals.models import OnnxClassifier, family_names, find_family
from assay.signals.models.checkpoints import Best, Checkpoint, open_checkpoint, save_checkpoint
from assay.signals.models.graph import LEAF, Tree, write_graph
from assay.signals.models.random_forest.graph import to_onnx

ROWS = np.array([[0, 5], [1, 5], [2, 5], [1, np.nan]], np.float32)


def stump(below: float, above: float, *, missing_left: int = 0) -> Tree:
    """Return a tree that splits the first feature at 1."""
    zero = np.zeros(3, np.int64)
    return Tree(
        left=np.array([1, LEAF, LEAF]),
        right=np.array([2, LEAF, LEAF]),
        feature=zero,
        threshold=np.array([1, 0, 0], np.float32),
        missing_left=zero + missing_left,
        value=np.array([0, below, above], np.float32),
    )


def odds(logs: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-logs))


def test_families_are_found_by_folder() -> None:
    trees, sequences = ["lightgbm", "random_forest", "xgboost"], ["cnn", "lstm", "transformer"]
    assert family_names() == sorted(trees + sequences)


def test_a_family_that_is_none_is_refused_by_name() -> None:
    with pytest.raises(UsageError, match=r"model 'oracle' is unknown; use one of .*lightgbm"):
        find_family("oracle")


def test_a_threshold_itself_goes_where_the_branch_says() -> None:
    trees = [stump(0.25, 0.5), stump(0.125, 0.25)]
    less = OnnxClassifier(write_graph(trees, 2, branch="LT", logistic=False))
    equal = OnnxClassifier(write_graph(trees, 2, branch="LEQ", logistic=False))
    assert less.predict(ROWS[:3]).tolist() == [0.375, 0.75, 0.75]
    assert equal.predict(ROWS[:3]).tolist() == [0.375, 0.375, 0.75]


@pytest.mark.parametrize("leaves", [(-0.5, 0.75), (0.5, 0.75), (0.0, 0.0), (-0.5, -0.25)])
def test_log_odds_become_probabilities_whatever_their_signs(leaves: tuple[float, float]) -> None:
    model = OnnxClassifier(write_graph([stump(*leaves)], 2, branch="LT", logistic=True))
    wanted = odds(np.array(leaves)[[0, 1, 1]])
    np.testing.assert_allclose(model.predict(ROWS[:3]), wanted, rtol=1e-6)


@pytest.mark.parametrize(("missing_left", "wanted"), [(0, 0.75), (1, 0.25)])
def test_what_is_missing_goes_where_the_tree_says(missing_left: int, wanted: float) -> None:
    tree = stump(0.25, 0.75, missing_left=missing_left)
    model = OnnxClassifier(write_graph([tree], 2, branch="LEQ", logistic=False))
    gap = np.full((1, 2), np.nan, np.float32)
    assert model.predict(gap).tolist() == [wanted]


@pytest.mark.parametrize("steps", range(4))
def test_neighbours_that_a_tree_tells_apart_stay_apart_in_its_graph(steps: int) -> None:
    low = np.float32(4) + steps * np.spacing(np.float32(4))
    column = np.array([[low], [np.nextafter(low, np.float32(8))]], np.float32)
    tree = DecisionTreeClassifier().fit(column, [0, 1])
    assert float(np.float32(tree.tree_.threshold[0])) != tree.tree_.threshold[0]
    assert OnnxClassifier(to_onnx([tree], 1)).predict(column).tolist() == [0.0, 1.0]


def test_other_features_and_other_bytes_are_refused() -> None:
    model = OnnxClassifier(write_graph([stump(0.25, 0.5)], 2, branch="LT", logistic=False))
    assert len(model.predict(ROWS[:0])) == 0
    with pytest.raises(DataError, match=r"the model takes \[n, 2\]"):
        model.predict(np.zeros((2, 3), np.float32))
    with pytest.raises(DataError, match="no ONNX graph"):
        OnnxClassifier(b"not a graph")


def test_a_checkpoint_of_the_same_recipe_alone_is_gone_on_from(tmp_path: Path) -> None:
    path, kept = tmp_path / "deep" / "checkpoint", Checkpoint(b"model", 7, Best(5, 0.5))
    assert open_checkpoint(path, "seed 1") == Checkpoint()
    save_checkpoint(path, "seed 1", kept)
    assert open_checkpoint(path, "seed 1") == kept
    assert open_checkpoint(path, "seed 2") == Checkpoint()


def test_a_checkpoint_torn_or_rotten_anywhere_is_a_fresh_start(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint"
    save_checkpoint(path, "seed 1", Checkpoint(b"model", 7, Best(5, 0.5)))
    whole = path.read_bytes()
    for at in range(len(whole)):
        path.write_bytes(whole[:at])
        assert open_checkpoint(path, "seed 1") == Checkpoint()
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        assert open_checkpoint(path, "seed 1") == Checkpoint()


def test_the_best_rounds_are_those_after_which_later_rows_fared_best() -> None:
    best = Best().follow(0, [0.7, 0.6])
    assert best == Best(2, 0.6)
    assert best.improve(2, [0.61, 0.59, 0.6]) == Best(4, 0.59)

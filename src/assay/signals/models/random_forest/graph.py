"""Turn a forest into an ONNX graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.tree import DecisionTreeClassifier

from assay.signals.models.graph import Tree, write_graph
from assay.signals.models.ports import Float32s

UP = 1


def to_onnx(trees: Sequence[DecisionTreeClassifier], width: int) -> bytes:
    """Return the graph's bytes; each tree adds its share of the forest's probability."""
    told = [_tree(each.tree_, each.tree_.value[:, 0, UP] / len(trees)) for each in trees]
    return write_graph(told, width, branch="LEQ", logistic=False)


def classes_to_onnx(
    trees: Sequence[DecisionTreeClassifier], width: int, seen: NDArray[np.int64], classes: int
) -> bytes:
    """Return the graph's bytes for trees that know the classes `seen` among so many in all."""
    told = []
    for each in trees:
        value = np.zeros((each.tree_.node_count, classes))
        value[:, seen] = each.tree_.value[:, 0, :] / len(trees)
        told.append(_tree(each.tree_, value))
    return write_graph(told, width, branch="LEQ", logistic=False)


def _tree(grown: Any, value: NDArray[np.float64]) -> Tree:
    return Tree(
        left=grown.children_left, right=grown.children_right, feature=grown.feature,
        threshold=_round_down(grown.threshold), missing_left=grown.missing_go_to_left,
        value=value.astype(np.float32),
    )  # fmt: skip


def _round_down(threshold: NDArray[np.float64]) -> Float32s:
    # The same float32 features stay at or below it.
    near = threshold.astype(np.float32)
    below = np.nextafter(near, np.float32(-np.inf))
    return np.where(near > threshold, below, near)

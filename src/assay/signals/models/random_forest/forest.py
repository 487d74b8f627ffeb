"""Keep grown trees as plain arrays, and make scikit-learn's own forest of them again."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.tree import DecisionTreeClassifier
from sklearn.tree._tree import NODE_DTYPE, Tree

CLASSES = np.array([0, 1])


class _Grown(msgspec.Struct, frozen=True):
    depth: int
    nodes: bytes
    values: bytes


def write_trees(trees: Sequence[DecisionTreeClassifier]) -> bytes:
    """Return the trees as bytes; scikit-learn itself knows pickles alone, which run what they hold.

    They are what its trees give to a pickle: depth, nodes, and each node's shares of the classes.
    """
    states = [each.tree_.__getstate__() for each in trees]
    return msgspec.msgpack.encode(
        [
            _Grown(state["max_depth"], state["nodes"].tobytes(), state["values"].tobytes())
            for state in states
        ]
    )


def read_trees(told: bytes, width: int) -> list[DecisionTreeClassifier]:
    """Return the trees of those bytes, over so many features; none of no bytes."""
    grown = msgspec.msgpack.decode(told, type=list[_Grown]) if told else []
    return [_tree(each, width) for each in grown]


def gather_forest(trees: list[DecisionTreeClassifier], width: int) -> RandomForestClassifier:
    """Return the forest that these trees make."""
    forest = RandomForestClassifier(len(trees), n_jobs=1)
    forest.estimators_ = trees
    forest.classes_, forest.n_classes_ = CLASSES, len(CLASSES)
    forest.n_features_in_, forest.n_outputs_ = width, 1
    return forest


def _tree(grown: _Grown, width: int) -> DecisionTreeClassifier:
    nodes = np.frombuffer(grown.nodes, NODE_DTYPE)
    values = np.frombuffer(grown.values).reshape(len(nodes), 1, len(CLASSES))
    found = DecisionTreeClassifier()
    found.tree_ = Tree(width, np.array([len(CLASSES)]), 1)
    found.tree_.__setstate__(
        {"max_depth": grown.depth, "node_count": len(nodes), "nodes": nodes, "values": values}
    )
    found.classes_, found.n_classes_ = CLASSES, len(CLASSES)
    found.n_features_in_, found.n_outputs_ = width, 1
    return found

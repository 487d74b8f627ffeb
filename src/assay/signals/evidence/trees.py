"""Read the trees of an ONNX graph: the splits on the way to each leaf, and what it adds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

Float64s = NDArray[np.float64]
Features = NDArray[np.float32]
Bools = NDArray[np.bool_]
DOMAIN, TREES, LEAF = "ai.onnx.ml", "TreeEnsembleClassifier", "LEAF"
UP = 1


@dataclass(frozen=True, slots=True)
class Branch:
    """Hold one split: `feature`, `threshold`, and its node; rows go left by `strict` < or <=."""

    node: int
    feature: int
    threshold: np.float32
    strict: bool
    missing_left: bool

    def goes_left(self, features: Features) -> Bools:
        """Return which rows of features [n, k] go left."""
        value = features[:, self.feature]
        below = value < self.threshold if self.strict else value <= self.threshold
        return np.where(np.isnan(value), self.missing_left, below)


@dataclass(frozen=True, slots=True)
class Leaf:
    """Hold what a leaf adds to up, and the way to it: each split, and whether the way goes left."""

    value: float
    way: tuple[tuple[Branch, bool], ...]


@dataclass(frozen=True, slots=True)
class Trees:
    """Hold the leaves of each tree, and whether they add up to log odds or to the probability."""

    leaves: tuple[tuple[Leaf, ...], ...]
    logistic: bool


def read_trees(graph: bytes) -> Trees | None:
    """Return the trees of a graph; None where it is anything but one ensemble of them.

    Source: the operator TreeEnsembleClassifier of ONNX-ML.
    """
    nodes = [node for node in onnx.load_from_string(graph).graph.node if node.op_type == TREES]
    if len(nodes) != 1 or nodes[0].domain != DOMAIN:
        return None
    told: dict[str, Any] = {
        each.name: onnx.helper.get_attribute_value(each) for each in nodes[0].attribute
    }
    adds = _leaf_values(told)
    number, within = told["nodes_treeids"], told["nodes_nodeids"]
    at = {place: row for row, place in enumerate(zip(number, within, strict=True))}
    roots = [at[tree, 0] for tree in dict.fromkeys(number)]
    leaves = tuple(tuple(_walk(told, at, adds, root)) for root in roots)
    return Trees(leaves, told["post_transform"] == b"LOGISTIC")


def _leaf_values(told: dict[str, Any]) -> dict[tuple[int, int], float]:
    """Return what each leaf adds to up, by tree and node; of two classes one may stand for both."""
    columns = (told[f"class_{name}"] for name in ("treeids", "nodeids", "ids", "weights"))
    rows = list(zip(*columns, strict=True))
    single = len({kind for _, _, kind, _ in rows}) == 1
    return {(tree, node): value for tree, node, kind, value in rows if single or kind == UP}


def _walk(
    told: dict[str, Any], at: dict[tuple[int, int], int], adds: dict[tuple[int, int], float],
    root: int,
) -> list[Leaf]:  # fmt: skip
    tracks = told.get("nodes_missing_value_tracks_true") or [0] * len(told["nodes_treeids"])
    found: list[Leaf] = []
    waiting: list[tuple[int, tuple[tuple[Branch, bool], ...]]] = [(root, ())]
    while waiting:
        row, way = waiting.pop()
        tree, mode = told["nodes_treeids"][row], told["nodes_modes"][row].decode()
        if mode == LEAF:
            found.append(Leaf(adds.get((tree, told["nodes_nodeids"][row]), 0.0), way))
            continue
        branch = Branch(
            row, told["nodes_featureids"][row], np.float32(told["nodes_values"][row]),
            mode.endswith("_LT"), bool(tracks[row]),
        )  # fmt: skip
        left, right = (told[f"nodes_{side}nodeids"][row] for side in ("true", "false"))
        waiting.append((at[tree, left], (*way, (branch, True))))
        waiting.append((at[tree, right], (*way, (branch, False))))
    return found

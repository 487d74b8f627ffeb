"""Write binary trees as the ONNX graph that OnnxClassifier serves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, helper

from assay.signals.models.ports import Float32s
from assay.signals.models.serving import OUTPUT

Int64s = NDArray[np.int64]
ONNX_OPSET, ML_OPSET, IR_VERSION = 15, 3, 8
LEAF = -1


@dataclass(frozen=True, slots=True)
class Tree:
    """Hold the nodes of a tree, the root first; a leaf has LEAF for its children.

    A row goes left where its feature is below the threshold (or equal to it, as the graph's
    `branch` says), and where it is missing and `missing_left`. `value` is what a leaf adds: to up
    [nodes], or to each of several classes [nodes, classes].
    """

    left: Int64s
    right: Int64s
    feature: Int64s
    threshold: Float32s
    missing_left: Int64s
    value: Float32s


def write_graph(
    trees: Sequence[Tree], width: int, *, branch: Literal["LT", "LEQ"], logistic: bool
) -> bytes:
    """Return the graph of float32 features [n, width] to label [n] and probabilities [n, classes].

    The leaves reached add up to the probability, or to its log odds where `logistic`.
    """
    classes = 2 if trees[0].value.ndim == 1 else trees[0].value.shape[1]
    node = helper.make_node(
        "TreeEnsembleClassifier", ["features"], ["label", OUTPUT], name="trees",
        domain="ai.onnx.ml", classlabels_int64s=list(range(classes)),
        post_transform="LOGISTIC" if logistic else "NONE", **_attributes(trees, branch),
    )  # fmt: skip
    graph = helper.make_graph(
        [node], "outcomes",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, [None, width])],
        [
            helper.make_tensor_value_info("label", TensorProto.INT64, [None]),
            helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, [None, classes]),
        ],
    )  # fmt: skip
    model = helper.make_model(
        graph, producer_name="assay", ir_version=IR_VERSION,
        opset_imports=[
            helper.make_opsetid("", ONNX_OPSET), helper.make_opsetid("ai.onnx.ml", ML_OPSET)
        ],
    )  # fmt: skip
    return bytes(model.SerializeToString(deterministic=True))


def _attributes(trees: Sequence[Tree], branch: str) -> dict[str, list[int] | list[float]]:
    sizes = [len(tree.left) for tree in trees]
    number = np.repeat(np.arange(len(trees)), sizes)
    within = np.concatenate([np.arange(size) for size in sizes])
    left, right, feature, threshold, missing_left, value = (
        np.concatenate([getattr(tree, name) for tree in trees]) for name in Tree.__slots__
    )
    leaf = left == LEAF
    return {
        "nodes_treeids": number.tolist(), "nodes_nodeids": within.tolist(),
        "nodes_modes": np.where(leaf, "LEAF", f"BRANCH_{branch}").tolist(),
        "nodes_featureids": np.where(leaf, 0, feature).tolist(),
        "nodes_values": np.where(leaf, 0, threshold).tolist(),
        "nodes_truenodeids": np.where(leaf, 0, left).tolist(),
        "nodes_falsenodeids": np.where(leaf, 0, right).tolist(),
        "nodes_missing_value_tracks_true": np.where(leaf, 0, missing_left).tolist(),
        **_weights(number[leaf], within[leaf], value[leaf]),
    }  # fmt: skip


def _weights(number: Int64s, within: Int64s, value: Float32s) -> dict[str, Any]:
    # Of two classes the runtime is told one weight, under 0, and works out the other itself.
    classes = 1 if value.ndim == 1 else value.shape[1]
    return {
        "class_treeids": np.repeat(number, classes).tolist(),
        "class_nodeids": np.repeat(within, classes).tolist(),
        "class_ids": list(range(classes)) * len(number), "class_weights": value.ravel().tolist(),
    }  # fmt: skip

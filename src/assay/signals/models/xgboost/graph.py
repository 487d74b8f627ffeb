"""Turn boosted trees into an ONNX graph, by the JSON that XGBoost documents for its models."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import xgboost

from assay.signals.models.graph import Tree, write_graph


def to_onnx(booster: xgboost.Booster) -> bytes:
    """Return the graph's bytes; the booster starts at even odds, so its leaves are all there is."""
    told = msgspec.json.decode(bytes(booster.save_raw("json")))["learner"]
    trees = [_tree(each) for each in told["gradient_booster"]["model"]["trees"]]
    return write_graph(trees, booster.num_features(), branch="LT", logistic=True)


def _tree(told: dict[str, Any]) -> Tree:
    number = np.array(told["split_conditions"], np.float32)
    return Tree(
        left=np.array(told["left_children"]), right=np.array(told["right_children"]),
        feature=np.array(told["split_indices"]), threshold=number,
        missing_left=np.array(told["default_left"]), value=number,
    )  # fmt: skip

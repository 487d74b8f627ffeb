"""Turn boosted trees into an ONNX graph."""

from __future__ import annotations

import lightgbm
from onnxmltools.convert import convert_lightgbm
from onnxmltools.convert.common.data_types import FloatTensorType


def to_onnx(booster: lightgbm.Booster, width: int) -> bytes:
    """Return the graph's bytes: one input [n, width] of float32, outputs label, probabilities."""
    entry = [("features", FloatTensorType([None, width]))]
    graph = convert_lightgbm(booster, initial_types=entry, zipmap=False, name="outcomes")
    # The converter keeps its imports in a set, whose order differs from one process to the next.
    imports = sorted(graph.opset_import, key=lambda each: str(each.domain))
    del graph.opset_import[:]
    graph.opset_import.extend(imports)
    return bytes(graph.SerializeToString(deterministic=True))

"""Draw a network as the ONNX graph that OnnxClassifier serves, node by node.

By hand and not by PyTorch's exporter: the bytes are the same from one version to the next, only
operators of opset 15 are in it, and nothing more has to be installed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from onnx import TensorProto, helper, numpy_helper

from assay.signals.models.graph import IR_VERSION, ONNX_OPSET
from assay.signals.models.serving import OUTPUT

ENTRY = "features"
LAYER_EPSILON = 1e-5


class Drawing:
    """Gather nodes and constants; each node is known by the name of what it puts out."""

    def __init__(self) -> None:
        self._nodes: list[Any] = []
        self._constants: list[Any] = []

    def constant(self, value: ArrayLike) -> str:
        """Add an array, float32 unless it is of integers; return its name."""
        array = np.asarray(value)
        array = array.astype(np.int64 if array.dtype.kind == "i" else np.float32)
        name = f"c{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(array, name))
        return name

    def add(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Add a node; return the name of its output."""
        name = f"n{len(self._nodes)}"
        self._nodes.append(helper.make_node(operator, list(inputs), [name], **attributes))
        return name

    def scale(self, entry: str, mean: NDArray[Any], inverse: NDArray[Any], most: float) -> str:
        """Add standardising, clipping at `most` deviations, and 0 for what is NaN."""
        moved = self.add("Sub", entry, self.constant(mean))
        scaled = self.add("Mul", moved, self.constant(inverse))
        held = self.add("Clip", scaled, self.constant(-most), self.constant(most))
        return self.add("Where", self.add("IsNaN", entry), self.constant(0.0), held)

    def linear(self, entry: str, weight: NDArray[Any], bias: NDArray[Any] | None) -> str:
        """Add entry [.., in] times weight [out, in] plus bias [out]."""
        product = self.add("MatMul", entry, self.constant(weight.T))
        return product if bias is None else self.add("Add", product, self.constant(bias))

    def plane(self, entry: str, weight: NDArray[Any], bias: NDArray[Any]) -> str:
        """Add entry [n, in] times weight [out, in] plus bias [out] in one node."""
        return self.add("Gemm", entry, self.constant(weight), self.constant(bias), transB=1)

    def split(self, entry: str, sizes: Sequence[int], axis: int) -> list[str]:
        """Add the parts of these sizes along an axis; return the name of each."""
        names = [f"n{len(self._nodes)}_{part}" for part in range(len(sizes))]
        told = [entry, self.constant(np.array(sizes))]
        self._nodes.append(helper.make_node("Split", told, names, axis=axis))
        return names

    def normalise(self, entry: str, weight: NDArray[Any], bias: NDArray[Any]) -> str:
        """Add layer normalisation over the last axis (J. Ba and others, 2016)."""
        moved = self.add("Sub", entry, self.add("ReduceMean", entry, axes=[-1], keepdims=1))
        power = self.add("Pow", moved, self.constant(2.0))
        variance = self.add("ReduceMean", power, axes=[-1], keepdims=1)
        root = self.add("Sqrt", self.add("Add", variance, self.constant(LAYER_EPSILON)))
        scaled = self.add("Mul", self.add("Div", moved, root), self.constant(weight))
        return self.add("Add", scaled, self.constant(bias))

    def newest(self, entry: str, length: int) -> str:
        """Add the choice of the last of `length` steps: [n, length, h] to [n, h]."""
        return self.add("Gather", entry, self.constant(length - 1), axis=1)

    def finish(self, logit: str, window: int, width: int) -> bytes:
        """Return the graph of ENTRY [n, window, width] to label [n], probabilities [n, 2]."""
        up = self.add("Sigmoid", logit)
        down = self.add("Sub", self.constant(1.0), up)
        self._nodes.append(helper.make_node("Concat", [down, up], [OUTPUT], axis=1))
        self._nodes.append(helper.make_node("ArgMax", [OUTPUT], ["label"], axis=1, keepdims=0))
        graph = helper.make_graph(
            self._nodes, "outcomes",
            [helper.make_tensor_value_info(ENTRY, TensorProto.FLOAT, [None, window, width])],
            [
                helper.make_tensor_value_info("label", TensorProto.INT64, [None]),
                helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, [None, 2]),
            ],
            self._constants,
        )  # fmt: skip
        model = helper.make_model(
            graph, producer_name="assay", ir_version=IR_VERSION,
            opset_imports=[helper.make_opsetid("", ONNX_OPSET)],
        )  # fmt: skip
        return bytes(model.SerializeToString(deterministic=True))
